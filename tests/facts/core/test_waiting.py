"""The timer index: who is looked at next, and who is woken first when there is no room for all."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agents.contract import Intent
from agents.situation import intent
from app.core.origin import Origin
from app.core.row import Debt, Row, Unread
from app.core.timers import Timers
from app.core.waiting import Waiting, times_of
from tests.facts.core.by_hand import HOUR, MINUTE, NOON
from topics.record import Ref

DAY = timedelta(days=1)


def person(user_id: str, *plans: Intent) -> Row:
    return Row(user_id=user_id, intents={plan.intent_id: plan for plan in plans})


def plan(due_at: datetime, expires_at: datetime | None = None, *, status: str = "open") -> Intent:
    return intent(
        "follow_up",
        "the exam",
        due_at=due_at,
        wake_at=due_at,
        expires_at=expires_at or due_at + DAY,
        status=status,
    )


def test_the_earliest_is_due_first() -> None:
    """People come in the order of their times, and each one once."""
    timers = Timers()
    for user_id, minutes in (("c", 3), ("a", 1), ("b", 2)):
        timers.put(user_id, NOON + minutes * MINUTE)
    assert timers.pop_due(NOON) == []
    assert [user for _, user, _ in timers.pop_due(NOON + 2 * MINUTE)] == ["a", "b"]
    assert timers.next() == NOON + 3 * MINUTE


def test_a_later_word_replaces_an_earlier_one() -> None:
    """A person has one time: moved later it no longer comes at the old one, taken away it never comes."""
    timers = Timers()
    timers.put("a", NOON)
    timers.put("a", NOON + HOUR)
    timers.put("b", NOON)
    timers.put("b", None)
    assert timers.pop_due(NOON) == []
    assert timers.next() == NOON + HOUR
    assert len(timers) == 1


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.none() | st.integers(0, 50)), max_size=200))
def test_it_holds_what_was_said_last(words: list[tuple[str, int | None]]) -> None:
    """Whatever is put in whatever order, what is due is what a plain table of last words would give."""
    timers, table = Timers(), dict[str, datetime]()
    for user_id, minutes in words:
        at = None if minutes is None else NOON + minutes * MINUTE
        timers.put(user_id, at)
        if at is None:
            table.pop(user_id, None)
        else:
            table[user_id] = at
    now = NOON + 25 * MINUTE
    expected = sorted((at, user_id, None) for user_id, at in table.items() if at <= now)
    assert timers.pop_due(now) == expected
    assert timers.next() == min((at for at in table.values() if at > now), default=None)


def test_superseded_times_are_swept_out() -> None:
    """Somebody who is brought forward ten thousand times takes the place of some, put off as often the place of one."""
    timers = Timers()
    for seconds in range(10_000):
        timers.put("a", NOON - timedelta(seconds=seconds))
        timers.put("b", NOON + timedelta(seconds=seconds))
    assert len(timers._heap) < 2_000
    assert timers.pop_due(NOON) == [(NOON - timedelta(seconds=9_999), "a", None)]
    assert timers.next() == NOON + timedelta(seconds=9_999)


def test_open_and_maturing_plans_are_woken_for() -> None:
    """A due plan has matured already: it is looked at by its own timer, which uses no offset."""
    assert times_of(person("a", plan(NOON)))[1] == NOON
    assert times_of(person("a", plan(NOON, status="maturing")))[1] == NOON
    held = person("a", plan(NOON, status="due"))
    assert times_of(held)[1] is None
    assert times_of(held)[0] == NOON


def test_words_and_an_erasure_are_looked_at() -> None:
    """Unread words at the time they settle; the stub of an erasure when its 30 days are over."""
    origin = Origin("by-hand", "1", Ref("user-events", 0, 1, "by-hand/1"), NOON)
    words = Unread(origin, "", "default", "person", "hello")
    settled = NOON + 90 * timedelta(seconds=1)
    assert times_of(Row(user_id="a", unread=(words,), debt=Debt(settle_at=settled)))[0] == settled
    assert times_of(Row(user_id="a", debt=Debt(settle_at=settled)))[0] is None
    assert times_of(Row(user_id="a", erased_until=NOON))[0] == NOON


def test_with_little_room_the_earliest_expiry_goes_first() -> None:
    """Not who has waited longest, but whose plan would run out: the others wait where they are still revocable."""
    waiting = Waiting()
    waiting.put(person("long", plan(NOON, NOON + DAY)), "long")
    waiting.put(person("short", plan(NOON + MINUTE, NOON + HOUR)), "short")
    waiting.put(person("mid", plan(NOON + MINUTE, NOON + 2 * HOUR)), "mid")
    now = NOON + 2 * MINUTE
    assert waiting.due_maturities(now, 0, (), ()) == []
    assert waiting.queued == 3
    assert waiting.oldest_due == NOON
    assert waiting.due_maturities(now, 1, (), ()) == ["short"]
    assert waiting.due_maturities(now, 9, (), ()) == ["mid", "long"]
    assert waiting.queued == 0
    assert waiting.oldest_due is None


def test_who_is_revoked_in_the_queue_is_not_woken() -> None:
    """A row that changed takes its person out of the queue; what is still due comes back at the next look."""
    waiting = Waiting()
    for user_id in ("a", "b"):
        waiting.put(person(user_id, plan(NOON)), user_id)
    assert waiting.due_maturities(NOON, 0, (), ()) == []
    waiting.put(person("a"), "a")
    waiting.put(person("b", plan(NOON)), "b")
    assert waiting.due_maturities(NOON, 9, (), ()) == ["b"]


def test_whose_pass_is_under_way_is_passed_over() -> None:
    """They are put back when the pass has decided."""
    waiting = Waiting()
    waiting.put(person("a", plan(NOON)), "a")
    assert waiting.due_maturities(NOON, 9, {"a"}, ()) == []
    waiting.put(person("a", plan(NOON)), "a")
    assert waiting.due_maturities(NOON, 9, (), ()) == ["a"]


def test_who_was_woken_and_not_heard_of_needs_no_room() -> None:
    """The room that was taken for them is still theirs: their maturity event is written again."""
    waiting = Waiting()
    for user_id in ("lost", "new"):
        waiting.put(person(user_id, plan(NOON)), user_id)
    assert waiting.due_maturities(NOON, 0, (), {"lost"}) == ["lost"]
    assert waiting.queued == 1


def test_the_next_look_is_the_earliest_of_both_kinds() -> None:
    """Plans, words and held plans alike say when something is to be done."""
    waiting = Waiting()
    assert waiting.next() is None
    waiting.put(person("a", plan(NOON + HOUR)), "a")
    waiting.put(person("b", plan(NOON + MINUTE, status="due")), "b")
    assert waiting.next() == NOON + MINUTE
    waiting.put(None, "b")
    assert waiting.next() == NOON + HOUR
