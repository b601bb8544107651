"""What the console keeps of a person: the same whatever the order of topics, bounded, and gone when they are."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.console.person_row import BYTES, FOLLOWED, MOST, RECORD_BYTES, PersonRow, fold, gone_before
from app.core.row import SCHEMA
from tests.facts.console.sample import told
from tests.facts.console.told import KEEP, Told, tell_file
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.record import Record
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

DAY_MS = 86_400_000


def folded(*records: Record, row: PersonRow | None = None, keep: timedelta = KEEP) -> PersonRow | None:
    for record in records:
        row = fold(row, record, keep=keep)
    return row


def records_of(story: Told, user: str) -> dict[str, list[Record]]:
    return {topic: [each for each in story.records[topic] if each.key == user.encode()] for topic in FOLLOWED}


def event(offset: int, *, at_ms: int = 0, value: bytes = b"{}") -> Record:
    return Record(USER_EVENTS.name, 0, offset, b"ana", value, at_ms)


@pytest.mark.parametrize("order", list(permutations(FOLLOWED)), ids="-".join)
def test_topics_come_in_any_order(order: tuple[str, ...]) -> None:
    """Records of one topic keep their order, topics do not: the same is kept, and the ledger is the same."""
    records = records_of(told(), "ana")
    row = folded(*(record for topic in order for record in records[topic]))
    expected = told().row("ana")
    assert row is not None
    assert {topic: row.of(topic) for topic in FOLLOWED} == {topic: expected.of(topic) for topic in FOLLOWED}
    assert (row.opened, row.closed, row.state) == (expected.opened, expected.closed, expected.state)
    stands = row.row()
    assert stands is not None
    assert {name for name, life in row.lives.items() if life.open and not life.closed} == set(stands.intents)
    assert gone_before(row, 1 << 60) == []


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_what_is_read_again_changes_nothing(data: st.DataObject) -> None:
    """After a crash some records come twice, from any of them on: the row is the same value as before."""
    records = [each for topic in FOLLOWED for each in records_of(told(), "ana")[topic]]
    stop = data.draw(st.integers(1, len(records)))
    back = data.draw(st.integers(0, stop))
    once = folded(*records[:stop])
    assert folded(*records[back:stop], row=once) is once


def test_number_and_age_are_bounded() -> None:
    """Only the last so many records stay, and none older than the time to keep; the row says that it was cut."""
    many = folded(*(event(n, at_ms=n) for n in range(MOST[USER_EVENTS.name] + 5)))
    assert many is not None
    assert [record.offset for record in many.records] == list(range(5, MOST[USER_EVENTS.name] + 5))
    assert many.cut
    old = folded(event(0), event(1, at_ms=8 * DAY_MS), keep=timedelta(days=7))
    assert old is not None
    assert [record.offset for record in old.records] == [1]


def test_size_is_bounded() -> None:
    """A record above 16 KB is kept without its value, and all together stay within 256 KB."""
    row = folded(event(0, value=b"x" * (RECORD_BYTES + 1)))
    assert row is not None
    assert row.records[0].value is None
    row = folded(*(event(n, value=b"x" * RECORD_BYTES) for n in range(40)))
    assert row is not None
    assert BYTES - 2 * RECORD_BYTES < sum(len(record.value or b"") for record in row.records) <= BYTES


def test_an_erasure_drops_the_timeline_and_what_still_comes_from_before() -> None:
    """After `user.erased` nothing older comes back, not even from a topic that is read later."""
    story = tell_file("forgotten")
    user = next(iter(story.story.users))
    records = records_of(story, user)
    erased = next(each for each in records[USER_EVENTS.name] if b"user.erased" in (each.value or b""))
    row = folded(*records[USER_EVENTS.name], *records[NUDGES.name], *records[NUDGE_OUTCOME.name])
    assert row is not None
    assert row.erased_ms == erased.timestamp_ms
    assert all(record.timestamp_ms >= erased.timestamp_ms for record in row.records)
    kept = msgspec.json.encode(row)
    subjects = {each["subject"] for each in story.result.ending.nudges if each["subject"]}
    assert subjects
    assert not [subject for subject in subjects if subject.encode() in kept]


def test_a_plan_that_leaves_without_an_outcome_is_unaccounted_for() -> None:
    """An intent that is gone from the row has an outcome, or it is named with the time since when."""
    records = records_of(told(), "ana")
    state = records[NUDGE_STATE.name][0]
    row = folded(state)
    assert row is not None
    left = sorted(row.lives)
    empty = Record(NUDGE_STATE.name, 0, state.offset + 1, b"ana", None, 5_000)
    row = fold(row, empty, keep=KEEP)
    assert row is None  # with nothing else known there is nothing to keep
    row = folded(*records[USER_EVENTS.name], state, empty)
    assert row is not None
    assert sorted(gone_before(row, 5_000)) == [(intent_id, 5_000) for intent_id in left]
    assert gone_before(row, 4_999) == []


def test_a_row_of_a_newer_worker_keeps_what_was_known() -> None:
    """What cannot be read is said so, and the last state that could be read stays."""
    state = records_of(told(), "ana")[NUDGE_STATE.name][0]
    newer = replace(state, offset=state.offset + 1, value=bytes([SCHEMA + 1]) + (state.value or b"")[1:])
    before, after = folded(state), folded(state, newer)
    assert before is not None
    assert after is not None
    assert (after.newer, after.state, after.lives) == (True, before.state, before.lives)
