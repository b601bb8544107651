"""Reading from Kafka with no group: from positions that the caller knows, to ends that the caller asks for."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from app.drivers.kafka_client import Kafka, Place, closed, partition_count
from topics.record import Headers, Record

POLL_MS = 200
"""How long to wait for records before looking at the position again."""


def records(kafka: Kafka, place: Place, raw: Iterable[Any]) -> list[Record]:
    """One partition's records as the core knows them: without the deployment's prefix."""
    topic, partition = kafka.plain(place.topic), place.partition
    return [
        Record(topic, partition, one.offset, one.key, one.value, one.timestamp, _headers(one.headers))
        for one in raw
    ]


def _headers(raw: tuple[tuple[str, bytes | None], ...]) -> Headers:
    return tuple((name, value or b"") for name, value in raw) if raw else ()


class Reader:
    """Reads what it was assigned; `committed` decides whether open and aborted transactions are seen."""

    def __init__(self, kafka: Kafka, *, committed: bool = True) -> None:
        self._kafka = kafka
        self._consumer = kafka.consumer(committed=committed)

    async def start(self) -> None:
        await self._consumer.start()

    async def stop(self) -> None:
        await closed(self._consumer)

    def assign(self, positions: Mapping[Place, int]) -> None:
        """Read these partitions from these offsets on, instead of what was read before."""
        self._consumer.assign(list(positions))
        for place, offset in positions.items():
            self._consumer.seek(place, offset)

    async def read(self, *, within_ms: int = POLL_MS, at_most: int | None = None) -> list[Record]:
        """What has come since, partition by partition in log order; nothing when nothing came in time."""
        batches = await self._consumer.getmany(timeout_ms=within_ms, max_records=at_most)
        return [one for place, raw in batches.items() for one in records(self._kafka, place, raw)]

    async def position(self, place: Place) -> int:
        """The next offset to be read: behind markers and aborted records, which are never handed out."""
        return int(await self._consumer.position(place))

    async def beginnings(self, places: Iterable[Place]) -> dict[Place, int]:
        """The first offset that is still there."""
        return dict(await self._consumer.beginning_offsets(list(places)))

    async def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """The end of the log; with `committed` the last stable offset, where the oldest open transaction begins."""
        return dict(await self._consumer.end_offsets(list(places)))

    async def partitions(self, topic: str) -> int:
        """Over how many partitions a topic is spread."""
        return await partition_count(self._consumer, self._kafka.place(topic, 0).topic)

    async def since(self, places: Iterable[Place], at_ms: int) -> dict[Place, int | None]:
        """The first offset with this timestamp or a later one; None when there is none."""
        found = await self._consumer.offsets_for_times(dict.fromkeys(places, at_ms))
        return {place: None if at is None else int(at.offset) for place, at in found.items()}


@asynccontextmanager
async def reader(kafka: Kafka, *, committed: bool = True) -> AsyncIterator[Reader]:
    """A reader that is started and stopped."""
    one = Reader(kafka, committed=committed)
    try:
        await one.start()
        yield one
    finally:
        await one.stop()


async def read_to(
    one: Reader, bounds: Mapping[Place, tuple[int, int]], *, stall_s: float | None = None
) -> AsyncIterator[list[Record]]:
    """All records from the first offset of each pair up to the second, in batches.

    The *position* tells when it is done: behind the last record there may be markers, or only aborted ones.
    TimeoutError when nothing moves for `stall_s`: a partition without a leader brings no error, and no record.
    """
    one.assign({place: start for place, (start, _) in bounds.items()})
    left = {place: end for place, (start, end) in bounds.items() if start < end}
    positions, moved_at = {place: start for place, (start, _) in bounds.items()}, time.monotonic()
    while left:
        batch = await one.read()
        now_at = {place: await one.position(place) for place in left}
        if now_at != {place: positions[place] for place in left}:
            positions, moved_at = positions | now_at, time.monotonic()
        elif stall_s is not None and time.monotonic() - moved_at > stall_s:
            raise TimeoutError
        left = {place: end for place, end in left.items() if now_at[place] < end}
        if batch:
            yield batch
