"""Writing to Kafka from outside the worker: events, controls, what a story appends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from app.drivers.kafka_client import Kafka, Place, added
from topics.murmur2 import partition_of
from topics.record import NewRecord

WITHIN_S = 30.0
"""How long an append may take before the caller is told; it may then be durable all the same."""


class Appender:
    """An idempotent producer without transactions: what was acknowledged is on all in-sync replicas, once."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._producer = kafka.producer()
        self._partitions: dict[str, int] = {}

    async def start(self) -> None:
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()

    async def append(self, records: Sequence[NewRecord]) -> list[tuple[int, int]]:
        """Partition and offset of each, once the log has them all; each partition's stay in their order.

        Those of one partition become visible together, as far as they fit into one batch.
        """
        homes = [await self._home(record) for record in records]
        batches: dict[Place, list[tuple[Any, list[int]]]] = {}
        for index, (place, record) in enumerate(zip(homes, records, strict=True)):
            into = batches.setdefault(place, [])
            if not into or not added(into[-1][0], record):
                into.append((self._producer.create_batch(), []))
                added(into[-1][0], record)
            into[-1][1].append(index)
        offsets = [0] * len(records)

        async def write(place: Place) -> None:
            for batch, indexes in batches[place]:
                sent = await self._producer.send_batch(batch, place.topic, partition=place.partition)
                first = (await sent).offset
                for offset, index in enumerate(indexes, start=first):
                    offsets[index] = offset

        async with asyncio.timeout(WITHIN_S):
            await asyncio.gather(*map(write, batches))
        return [(place.partition, offset) for place, offset in zip(homes, offsets, strict=True)]

    async def _home(self, record: NewRecord) -> Place:
        name = self._kafka.place(record.topic, 0).topic
        if name not in self._partitions:
            self._partitions[name] = len(await self._producer.partitions_for(name))
        if record.partition is not None:
            return Place(name, record.partition)
        return Place(name, partition_of(record.key, self._partitions[name]) if record.key is not None else 0)
