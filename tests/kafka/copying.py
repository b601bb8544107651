"""Topics written a second time, record by record; on `user-events` each at the offset that it had."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import pairwise

from app.drivers.kafka_client import Kafka
from app.drivers.kafka_reader import Reader
from topics.record import Record
from topics.user_events import USER_EVENTS


async def copied(kafka: Kafka, topics: Mapping[str, Sequence[Record]]) -> None:
    """Into topics that are there and empty."""
    writing = _Copy(kafka)
    await writing.start()
    try:
        for topic, records in topics.items():
            if topic != USER_EVENTS.name:
                await writing.plainly(records)
                continue
            for number in {record.partition for record in records}:
                await writing.in_their_places([one for one in records if one.partition == number])
    finally:
        await writing.stop()


class _Copy:
    """What takes an offset and is no record (a transaction's marker, or what was aborted) is made anew."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._plain = kafka.producer()
        self._transactional = kafka.producer("copying")
        self._ends = Reader(kafka, committed=False)

    async def start(self) -> None:
        await self._plain.start()
        await self._transactional.start()
        await self._ends.start()

    async def stop(self) -> None:
        await self._plain.stop()
        await self._transactional.stop()
        await self._ends.stop()

    async def plainly(self, records: Sequence[Record]) -> None:
        for record in records:
            await self._write(self._plain, record)

    async def in_their_places(self, records: Sequence[Record]) -> None:
        """A gap of one is a commit's marker; a longer one an aborted transaction and its marker."""
        await self._hole(records[0], records[0].offset)
        for record, following in pairwise([*records, None]):
            assert record is not None
            gap = 0 if following is None else following.offset - record.offset - 1
            if gap == 1:
                await self._transactional.begin_transaction()
                await self._write(self._transactional, record)
                await self._transactional.commit_transaction()
            else:
                await self._write(self._plain, record)
                await self._hole(record, gap)

    async def _hole(self, beside: Record, size: int) -> None:
        assert size != 1
        if size:
            await self._transactional.begin_transaction()
            for _ in range(size - 1):
                await self._write(self._transactional, beside)
            await self._transactional.abort_transaction()

    async def _write(self, producer: object, record: Record) -> None:
        place = self._kafka.place(record.topic, record.partition)
        if record.topic == USER_EVENTS.name and producer is self._plain:
            # A transaction's end is answered before its marker stands in the log.
            while (await self._ends.ends([place]))[place] < record.offset:  # noqa: ASYNC110  # only asking tells
                await asyncio.sleep(0.01)
        await producer.send_and_wait(  # type: ignore[attr-defined]  # a client of aiokafka, which has no types
            place.topic,
            record.value,
            key=record.key,
            partition=place.partition,
            timestamp_ms=record.timestamp_ms,
            headers=list(record.headers),
        )
