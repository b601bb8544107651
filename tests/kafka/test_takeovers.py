"""Taking a partition over: what is restored, what is refused, and in which order."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.core.head import HEAD_KEY, Head
from app.drivers.kafka_reader import reader
from app.drivers.kafka_takeover import NotYet, Refused
from app.drivers.kafka_trusted import TRUSTED_FOR
from app.drivers.local_rows import LocalRows
from app.drivers.rocks import Store
from tests.kafka.deployment import NOON_MS, PARTITIONS, Deployment, owner
from tests.kafka.scribe import Scribe


async def test_a_new_partition_starts_at_the_beginning(topics: Deployment, tmp_path: Path) -> None:
    """Without a row there is nothing to go by: no event is left out."""
    await topics.events((topics.person_in(0), b"first"))
    async with owner(topics, tmp_path) as ours:
        assert (ours.taken.start, ours.taken.lost, ours.taken.restored) == (0, 0, 0)


async def test_rows_come_back_on_an_empty_disk(topics: Deployment, tmp_path: Path) -> None:
    """The changelog alone restores every row, and no tombstone's; the machine is told all but the head."""
    async with owner(topics, tmp_path / "one") as first:
        await first.commit(rows={"ana": b"1", "ben": b"1"})
        await first.commit(
            rows={"ana": b"2", "ben": None}, head=Head(next=0, high=3, unfinished=(1,), partitions=PARTITIONS)
        )
    async with owner(topics, tmp_path / "two") as second:
        assert dict(second.rows.items()).keys() == {"ana", HEAD_KEY}
        machine = second.taken.machine
        assert isinstance(machine, Scribe)
        assert machine.restored == {"ana": b"2"}
        assert machine.head == Head(next=0, high=3, unfinished=(1,), partitions=PARTITIONS)
        assert second.taken.restored == 6


async def test_a_local_copy_reads_only_what_it_lacks(topics: Deployment, tmp_path: Path) -> None:
    """What the copy holds is not read again; what another owner wrote meanwhile is."""
    async with owner(topics, tmp_path / "one") as first:
        await first.commit(rows={"ana": b"1", "ben": b"1"})
    async with owner(topics, tmp_path / "two") as second:
        await second.commit(rows={"ana": b"2"})
    async with owner(topics, tmp_path / "one") as again:
        assert (again.taken.restored, again.rows.get("ana"), again.rows.get("ben")) == (2, b"2", b"1")


async def test_what_a_dead_owner_had_not_committed_is_not_restored(
    topics: Deployment, tmp_path: Path
) -> None:
    """An open transaction at the changelog's end is aborted by the fence, and restoring still ends."""
    async with owner(topics, tmp_path / "one") as first:
        await first.commit(rows={"ana": b"1"})
    crashed = topics.kafka.producer("nudge-state-0")
    await crashed.start()
    place = topics.kafka.place("nudge-state", 0)
    await crashed.begin_transaction()
    await crashed.send_and_wait(place.topic, b"never", key=b"ana", partition=0)
    try:
        async with owner(topics, tmp_path / "two") as second:
            assert second.rows.get("ana") == b"1"
            assert (second.rows.position or 0) > 3
    finally:
        await crashed.stop()


async def test_a_strangers_open_transaction_is_waited_for_and_named(
    topics: Deployment, tmp_path: Path
) -> None:
    """Up to an open transaction the changelog holds less than was committed: the partition stays unready."""
    stranger = topics.kafka.producer("stranger")
    await stranger.start()
    place = topics.kafka.place("nudge-state", 0)
    await stranger.begin_transaction()
    await stranger.send_and_wait(place.topic, b"?", key=b"ana", partition=0)
    with pytest.raises(NotYet, match="nudge-state-0: a transaction that is not ours is open from offset 0"):
        async with owner(topics, tmp_path, stable_within_s=0.1):
            pass
    await stranger.abort_transaction()
    await stranger.stop()
    async with owner(topics, tmp_path) as ours:
        assert ours.rows.get("ana") is None


@pytest.mark.parametrize(
    ("position", "age_s"),
    [(1_000_000, 0.0), (2, TRUSTED_FOR.total_seconds() + 60)],
    ids=["beyond the end", "too old"],
)
async def test_a_copy_that_cannot_be_trusted_is_made_anew(
    topics: Deployment, tmp_path: Path, position: int, age_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of another topic, or one that may have missed a tombstone, is wiped before it is followed."""
    async with owner(topics, tmp_path / "one") as first:
        await first.commit(rows={"ana": b"1"})
    _local_copy(tmp_path / "two", position, age_s, monkeypatch)
    async with owner(topics, tmp_path / "two") as second:
        assert dict(second.rows.items()).keys() == {"ana", HEAD_KEY}


async def test_a_copy_of_another_changelog_is_made_anew(
    topics: Deployment, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One of the same name, elsewhere or before it was deleted: its position fits, and its rows are not ours."""
    async with owner(topics, tmp_path / "one") as first:
        await first.commit(rows={"ana": b"1"})
        ours = first.rows.origin
    assert ours is not None
    for name, origin, kept in (
        ("elsewhere", f"not {ours}", False),
        ("here", ours, True),
        ("older", None, True),
    ):
        copy = LocalRows(Store(tmp_path / name))
        copy.follows(origin)
        copy.apply({"stranger": b"row"}, 1)
        copy.close()
        async with owner(topics, tmp_path / name) as second:
            assert ("stranger" in dict(second.rows.items())) is kept
            assert second.rows.origin == ours
    assert [one.name for one in caplog.records if "another changelog" in one.getMessage()] == [
        "tactful.takeover"
    ]


def _local_copy(folder: Path, position: int, age_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(folder)
    with monkeypatch.context() as then:
        at = time.time() - age_s
        then.setattr(time, "time", lambda: at)
        copy = LocalRows(store)
        copy.apply({"erased": b"still here"}, position)
        copy.close()


async def test_another_number_of_partitions_is_refused(topics: Deployment, tmp_path: Path) -> None:
    """People would be looked for in other partitions than their rows are in."""
    async with owner(topics, tmp_path) as ours:
        await ours.commit(head=Head(partitions=12))
    with pytest.raises(Refused, match="written for 12 partitions, and there are 3 now"):
        async with owner(topics, tmp_path):
            pass


async def test_an_input_that_was_made_anew_is_refused(topics: Deployment, tmp_path: Path) -> None:
    """What is done already lies beyond the end of the input: going on would leave out what comes next."""
    async with owner(topics, tmp_path) as ours:
        await ours.commit(head=Head(next=5, high=4, partitions=PARTITIONS))
    with pytest.raises(Refused, match="user-events-0 ends at offset 0, and everything below 5 is done"):
        async with owner(topics, tmp_path):
            pass


async def test_an_input_that_was_made_anew_and_has_grown_is_refused(
    topics: Deployment, tmp_path: Path
) -> None:
    """It reaches beyond what is done, and is not the log of which that was said: another record stands there."""
    user = topics.person_in(0)
    await topics.events(*((user, b"%d" % n) for n in range(10)))
    async with owner(topics, tmp_path) as ours:
        await ours.commit(head=Head(next=5, high=4, partitions=PARTITIONS, seen=(4, NOON_MS)))
    async with owner(topics, tmp_path) as ours:
        assert ours.taken.start == 5
        await ours.commit(head=Head(next=5, high=4, partitions=PARTITIONS, seen=(4, NOON_MS - 1)))
    with pytest.raises(Refused, match="user-events-0 holds another record at offset 4 than the one"):
        async with owner(topics, tmp_path):
            pass


async def test_events_that_retention_took_are_counted(topics: Deployment, tmp_path: Path) -> None:
    """Reading goes on at the beginning of what is left, and the gap is known."""
    user = topics.person_in(0)
    await topics.events(*((user, b"%d" % n) for n in range(10)))
    async with owner(topics, tmp_path) as ours:
        await ours.commit(head=Head(next=2, high=4, unfinished=(2,), partitions=PARTITIONS))
    await topics.cut("user-events", 0, before=8)
    async with owner(topics, tmp_path) as ours:
        # 2 was read and not finished, 5, 6 and 7 were never read.
        assert (ours.taken.start, ours.taken.lost) == (8, 4)


async def test_a_row_that_grew_over_several_transactions_is_restored_whole(
    topics: Deployment, tmp_path: Path
) -> None:
    """Markers between the transactions and at the end are passed over."""
    async with owner(topics, tmp_path / "one") as first:
        for n in range(20):
            await first.commit(rows={f"user-{m}": b"%d" % n for m in range(n + 1)})
    async with owner(topics, tmp_path / "two") as second, reader(topics.kafka) as one:
        place = topics.kafka.place("nudge-state", 0)
        assert second.rows.position == (await one.ends([place]))[place]
        assert {row for user, row in second.rows.items() if user != HEAD_KEY} == {b"19"}
