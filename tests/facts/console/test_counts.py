"""The overview's counts: what the records say, in any order, and once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.console.counts import NAMED
from app.console.embedded_knowing import Held
from app.console.overview_values import Overview
from app.console.overview_view import Share, overview
from app.console.person_row import FOLLOWED
from app.console.projection import buckets, head, person, project
from tests.facts.console.sample import told
from tests.facts.console.told import KEEP, tell
from topics.record import Record
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS


def shelf_of(records: Iterable[Record], shelf: Held | None = None) -> Held:
    held = shelf or Held()
    for record in records:
        project(held, record, partitions=1, keep=KEEP)
    return held


def everything() -> list[Record]:
    return list(chain.from_iterable(told().records[topic] for topic in FOLLOWED))


def stands(shelf: Held) -> Overview:
    return overview(Share(buckets=dict(buckets(shelf, 0))), now=told().now)


def test_the_overview_is_what_the_records_say() -> None:
    """Decisions by agent and reason, the ledger, the days to come, the model's work: as in the story."""
    view = stands(shelf_of(everything()))
    ended = Counter(
        (each["agent"], each["outcome"], each["reason"]) for each in told().result.ending.outcomes
    )
    assert {(one.agent, one.outcome, one.reason): one.last_week for one in view.decisions} == ended
    assert view.people == 1
    assert (view.ledger.opened, view.ledger.closed, view.ledger.open) == (7, 4, 3)
    assert view.ledger.balanced
    assert view.ledger.unaccounted == ()
    planned = {(day.day.isoformat(), agent): n for day in view.planned for agent, n in day.by_agent.items()}
    assert planned == {
        ("2026-03-08", "digest"): 1,
        ("2026-03-10", "follow_up"): 1,
        ("2026-03-12", "re_engagement"): 1,
    }
    assert [one.agent for one in view.next] == ["digest", "follow_up", "re_engagement"]
    assert sum(hour.nudges for hour in view.hours) == 0  # the nudge was three days ago
    assert sum(hour.revoked for hour in view.hours) == 2
    (reading,) = view.model
    assert (reading.task, reading.asked, reading.answered) == ("reading", 1, 1)
    assert sum(day.model_calls for day in view.cost) > 0
    assert [day.usd for day in view.cost] == [None] * 7  # the policy has no prices


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_what_comes_twice_counts_once(data: st.DataObject) -> None:
    """Whatever is read again after a crash, from any record on: the counts are the same."""
    records = everything()
    stop = data.draw(st.integers(1, len(records)))
    back = data.draw(st.integers(0, stop))
    shelf = shelf_of(records[:stop])
    before = dict(buckets(shelf, 0))
    assert dict(buckets(shelf_of(records[back:stop], shelf), 0)) == before


@settings(max_examples=40, deadline=None)
@given(st.permutations(FOLLOWED))
def test_topics_may_be_read_in_any_order(order: list[str]) -> None:
    """In the end the overview is the same, whichever topic was ahead."""
    records = list(chain.from_iterable(told().records[topic] for topic in order))
    assert stands(shelf_of(records)) == stands(shelf_of(everything()))


class _Torn(Held):
    """A table whose machine goes down after so many writes."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self.left = writes

    def put(self, key: bytes, value: bytes) -> None:
        if self.left == 0:
            raise OSError
        self.left -= 1
        super().put(key, value)

    def delete(self, key: bytes) -> None:
        if self.left == 0:
            raise OSError
        self.left -= 1
        super().delete(key)


@pytest.mark.parametrize("writes", range(60))
def test_a_crash_between_two_writes_of_a_record_is_made_good(writes: int) -> None:
    """Counts are written before the person; the record is folded again, and nothing is counted twice or lost."""
    torn = _Torn(writes)
    for record in everything():
        try:
            project(torn, record, partitions=1, keep=KEEP)
        except OSError:
            torn.left = -1
            project(torn, record, partitions=1, keep=KEEP)
    assert stands(torn) == stands(shelf_of(everything()))


def test_a_plan_without_an_outcome_puts_the_ledger_out_of_balance() -> None:
    """A plan that left its row and has no outcome after a minute is named; before, the outcome may be on its way."""
    shelf = shelf_of(
        record for record in everything() if record.topic in {USER_EVENTS.name, NUDGE_STATE.name}
    )
    state = told().records[NUDGE_STATE.name][0]
    gone = Record(NUDGE_STATE.name, 0, state.offset + 1, state.key, None, state.timestamp_ms)
    share = Share(buckets=dict(buckets(shelf_of([gone], shelf), 0)))
    soon, later = (overview(share, now=told().now + timedelta(seconds=s)) for s in (30, 90))
    assert not soon.ledger.balanced
    assert soon.ledger.unaccounted == ()
    assert {one.user_id for one in later.ledger.unaccounted} == {"ana"}
    assert len(later.ledger.unaccounted) == 3


def test_only_people_at_home_are_kept() -> None:
    """Neither our own heartbeat, nor a key that is nobody's, nor a record that came to a wrong partition."""
    shelf = Held()
    for key in (b"tactful-canary-0-0", b"\xff", None, b"", b"a\x01b"):
        project(shelf, Record(USER_EVENTS.name, 0, 1, key, b"{}", 0), partitions=1, keep=KEEP)
    strangers = [f"user-{n}" for n in range(20)]
    for user in strangers:
        project(shelf, Record(USER_EVENTS.name, 1, 1, user.encode(), b"{}", 0), partitions=8, keep=KEEP)
    at_home = [user for user in strangers if person(shelf, user) is not None]
    assert 0 < len(at_home) < len(strangers)
    assert stands(Held()).people == 0
    assert head(shelf, 0) is None


def test_names_are_bounded_and_counts_are_not() -> None:
    """Of a day with many plans the soonest are named, and all are counted."""
    asked = "user: u{n}, event: intent.requested, data: {{agent: follow_up, subject: thing, due_at: {due}}}"
    asks = "\n".join(
        f"  - {{at: 2026-03-02T10:00:00+01:00, {asked.format(n=n, due=f'2026-03-05T10:{n:02d}:00+01:00')}}}"
        for n in range(NAMED + 10)
    )
    users = ", ".join(f"u{n}: {{consents: ['*']}}" for n in range(NAMED + 10))
    story = tell(
        f"name: many\nstart: 2026-03-02T09:00:00+01:00\nusers: {{{users}}}\ntimeline:\n{asks}\n"
        "  - {until: 2026-03-02T11:00:00+01:00}"
    )
    shelf = shelf_of(chain.from_iterable(story.records[topic] for topic in FOLLOWED))
    view = overview(Share(buckets=dict(buckets(shelf, 0))), now=story.now)
    assert sum(day.total for day in view.planned) == NAMED + 10
    assert len(dict(buckets(shelf, 0))["due/2026-03-05"].named) == NAMED
    assert view.next[0].due_at == min(one.due_at for one in view.next)
