"""The embedded log keeps a commit as a whole, reads it back in order, and outlives its process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.partition import HEAD_KEY, Commit, Head
from app.drivers.embedded import ClockAheadError, EmbeddedLog
from app.drivers.rocks import Batch, Store, StoreError
from tests.facts.drivers.echo import NOON, after
from topics.record import NewRecord, Record

NOON_MS = int(NOON.timestamp() * 1000)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    log = EmbeddedLog(tmp_path / "log")
    yield log
    log.close()


def event(user: str, value: str = "{}", at_ms: int = NOON_MS) -> NewRecord:
    return NewRecord("user-events", user.encode(), value.encode(), at_ms, (("content-type", b"json"),))


def test_what_is_appended_is_read_back_as_it_was(log: EmbeddedLog) -> None:
    """Offsets count from 0; key, value, headers and timestamp come back untouched, nulls too."""
    odd = NewRecord("user-events", None, None, NOON_MS)
    assert log.append([event("ana"), odd], now=NOON) == [0, 1]
    assert log.append([event("bo")], now=NOON) == [2]
    assert log.read_from(0, 2) == [
        Record("user-events", 0, 0, b"ana", b"{}", NOON_MS, (("content-type", b"json"),)),
        Record("user-events", 0, 1, None, None, NOON_MS),
    ]
    assert [record.key for record in log.read_from(2, 10)] == [b"bo"]
    assert (log.read_from(3, 10), log.end()) == ([], 3)


def test_topics_count_for_themselves(log: EmbeddedLog) -> None:
    """Each topic has its own offsets, also where one name begins like another."""
    log.append([NewRecord("nudge", b"a", b"1", 0), NewRecord("nudges", b"b", b"2", 0)], now=NOON)
    assert [(r.offset, r.value) for r in log.read_topic("nudge")] == [(0, b"1")]
    assert [(r.offset, r.value) for r in log.read_topic("nudges")] == [(0, b"2")]


def test_a_clock_that_runs_ahead_is_refused(log: EmbeddedLog) -> None:
    """More than 5 min ahead of the log's clock, nothing of the call is appended."""
    late = NOON_MS + 300_001
    with pytest.raises(ClockAheadError, match="5 min ahead"):
        log.append([event("ana"), event("bo", at_ms=late)], now=NOON)
    assert log.end() == 0
    assert log.append([event("bo", at_ms=late)], now=NOON + timedelta(seconds=1)) == [0]


async def test_a_commit_is_rows_head_and_records(tmp_path: Path) -> None:
    """After the folder is opened again, all of the commit is there, and a None row is gone."""
    log = EmbeddedLog(tmp_path)
    head = Head(next=5, high=9, unfinished=(6, 8))
    first = Commit(number=1, rows={"ana": b"1", "bo": b"2"}, head=Head(), records=[])
    outcome = NewRecord("nudge-outcome", b"bo", b"out", 7)
    second = Commit(
        number=2, rows={"ana": None, "bo": b"3", HEAD_KEY: b"h"}, head=head, records=[event("bo"), outcome]
    )
    await log.commit(first)
    await log.commit(second)
    log.close()
    again = EmbeddedLog(tmp_path)
    assert (again.head(), again.row("ana"), list(again.rows())) == (head, None, [("bo", b"3")])
    assert [record.key for record in again.read_from(0, 10)] == [b"bo"]
    assert list(again.read_topic("nudge-outcome")) == [Record("nudge-outcome", 0, 0, b"bo", b"out", 7)]
    assert [(record.key, record.value) for record in again.read_topic("nudge-state")] == [(b"bo", b"3")]
    again.close()


async def test_a_reader_wakes_when_the_log_grows(log: EmbeddedLog) -> None:
    """Both an append and a commit wake who waits for more, and only once there is more."""
    waiting = asyncio.create_task(log.grown(0))
    log.append([NewRecord("nudge-controls", b"*", b"", 0)], now=NOON)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    log.append([event("ana")], now=NOON)
    await asyncio.wait_for(waiting, 1)
    waiting = asyncio.create_task(log.grown(1))
    await asyncio.sleep(0)
    await log.commit(Commit(number=1, rows={}, head=Head(), records=[event("ana")]))
    await asyncio.wait_for(waiting, 1)


def test_a_new_folder_begins_at_the_beginning(log: EmbeddedLog) -> None:
    """Nothing is done in a log that was never written."""
    assert (log.head(), log.end(), list(log.rows())) == (Head(), 0, [])


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    """A newer version's folder is not misread but named."""
    store = Store(tmp_path)
    batch = Batch()
    batch.put(b"mlayout", b"2")
    store.write(batch, sync=True)
    store.close()
    with pytest.raises(StoreError, match="another version"):
        EmbeddedLog(tmp_path)


def test_times_of_the_story_are_times_of_the_log(log: EmbeddedLog) -> None:
    """The log has no clock of its own: what `now` is, its owner says."""
    assert log.append([event("ana", at_ms=0)], now=after(-1_000_000)) == [0]
