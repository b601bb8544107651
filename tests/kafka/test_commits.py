"""One partition's commits on a broker: all of it or nothing, and only by its one owner."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from app.core.head import HEAD_KEY, Head
from app.drivers.clock import SteadyClock
from app.drivers.kafka_client import KafkaError
from app.drivers.kafka_commit import Fenced
from app.drivers.machine import CommitDoubt
from tests.kafka.deployment import NOON_MS, PARTITIONS, Deployment, outcome, owner, values
from topics.record import NewRecord


async def test_rows_records_and_position_become_durable_together(topics: Deployment, tmp_path: Path) -> None:
    """After a commit the topics hold its rows and records, and the local copy has followed."""
    head = Head(next=7, high=9, unfinished=(7,), partitions=PARTITIONS)
    async with owner(topics, tmp_path) as ours:
        await ours.commit(outcome(b"closed"), head=head, rows={"ana": b"row", "ben": None})
        assert ours.rows.get("ana") == b"row"
        assert ours.head == head
    [written] = await topics.records("nudge-outcome")
    assert written.headers == (("a", b"b"),)
    assert (written.key, written.value, written.timestamp_ms) == (b"ana", b"closed", NOON_MS)
    rows = {row.key: row.value for row in await topics.records("nudge-state")}
    assert rows == {b"ana": b"row", b"ben": None, HEAD_KEY.encode(): msgspec.msgpack.encode(head)}


async def test_rows_are_dated_by_a_clock_that_does_not_leap(topics: Deployment, tmp_path: Path) -> None:
    """A broker refuses what is an hour ahead: a machine whose date is set wrong for a moment commits all the same."""
    ahead_s = 0.0
    machine = SteadyClock(wall=lambda: time.time() + ahead_s)
    async with owner(topics, tmp_path, machine=machine) as ours:
        ahead_s = 3 * 3600.0
        await ours.commit(rows={"ana": b"row"})
    dates = [row.timestamp_ms / 1000 for row in await topics.records("nudge-state")]
    assert dates == pytest.approx([time.time()] * 2, abs=60)


async def test_the_groups_offset_is_a_copy_of_next(topics: Deployment, tmp_path: Path) -> None:
    """A lag tool sees what is done."""
    async with owner(topics, tmp_path, number=2) as ours:
        await ours.commit(head=Head(next=5, partitions=PARTITIONS))
    member = topics.kafka.member("g", instance=None, session_timeout_ms=10_000)
    await member.start()
    try:
        assert await member.committed(topics.kafka.place("user-events", 2)) == 5
    finally:
        await member.stop()


async def test_a_zombies_commit_is_refused_and_leaves_nothing(topics: Deployment, tmp_path: Path) -> None:
    """Who was fenced learns so by its next commit, of which nobody sees anything."""
    async with owner(topics, tmp_path / "old") as zombie:
        await zombie.commit(outcome(b"before"))
        async with owner(topics, tmp_path / "new") as ours:
            with pytest.raises(Fenced):
                await zombie.commit(outcome(b"too late"), rows={"ana": b"too late"})
            assert zombie.rows.get("ana") is None
            await ours.commit(outcome(b"after"))
    assert values(await topics.records("nudge-outcome")) == [b"before", b"after"]


async def test_nothing_is_committed_when_one_record_is_refused(topics: Deployment, tmp_path: Path) -> None:
    """A record that the broker does not take fails the whole commit, and the log takes no other."""
    too_large = outcome(bytes(2 * 1024 * 1024))
    async with owner(topics, tmp_path) as ours:
        with pytest.raises(KafkaError):
            await ours.commit(outcome(b"small"), too_large, rows={"ana": b"row"})
        assert ours.rows.get("ana") is None
        with pytest.raises(CommitDoubt):
            await ours.commit(outcome(b"next"))
    async with owner(topics, tmp_path):  # ends what was left open
        assert await topics.records("nudge-outcome") == []


async def test_a_commit_larger_than_one_batch_keeps_its_order(topics: Deployment, tmp_path: Path) -> None:
    """Rows of the largest size and many records go in several batches, in the order of the decisions."""
    rows: dict[str, bytes | None] = {f"user-{n}": bytes(256 * 1024) for n in range(12)}
    records = [outcome(b"%d" % n + bytes(1000)) for n in range(2000)]
    async with owner(topics, tmp_path) as ours:
        await ours.commit(*records, rows=rows)
        assert ours.rows.get("user-11") == rows["user-11"]
        position = ours.rows.position
    assert values(await topics.records("nudge-outcome")) == [record.value for record in records]
    assert position == (await topics.records("nudge-state"))[-1].offset + 1


async def test_each_record_goes_where_it_belongs(topics: Deployment, tmp_path: Path) -> None:
    """Named partition first; without one the key's home; topics of one partition have but one."""
    stranger = topics.person_in(2)
    async with owner(topics, tmp_path) as ours:
        await ours.commit(
            NewRecord("user-events", b"whoever", b"matured", NOON_MS, partition=0),
            NewRecord("user-events", stranger.encode(), b"forwarded", NOON_MS),
            NewRecord("dead-letter", stranger.encode(), b"dead", NOON_MS),
            NewRecord("dead-letter", None, None, NOON_MS),
        )
    events = [(record.partition, record.value) for record in await topics.records("user-events")]
    assert events == [(0, b"matured"), (2, b"forwarded")]
    assert [(r.partition, r.key, r.value) for r in await topics.records("dead-letter")] == [
        (0, stranger.encode(), b"dead"),
        (0, None, None),
    ]


async def test_while_held_nothing_new_becomes_durable(topics: Deployment, tmp_path: Path) -> None:
    """Between being revoked and assigned again a partition's commits wait; then they go on."""
    async with owner(topics, tmp_path) as ours:
        ours.taken.log.hold()
        await ours.taken.log.ended()
        waiting = asyncio.create_task(ours.commit(outcome(b"later")))
        await asyncio.sleep(0.1)
        assert await topics.records("nudge-outcome", committed=False) == []
        ours.taken.log.resume()
        await waiting
    assert values(await topics.records("nudge-outcome")) == [b"later"]
