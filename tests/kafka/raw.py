"""Batches as another client may write them: what aiokafka's own producer would not let through."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from app.drivers.kafka_client import Connection, Place

NOT_LEADER_YET = 6
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


class RawName(str):
    """A header's name that goes out as these bytes."""

    __slots__ = ("raw",)
    raw: bytes

    def __new__(cls, raw: bytes) -> Self:
        made = super().__new__(cls, "raw")
        made.raw = raw
        return made

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        del encoding, errors
        return self.raw


Entry = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]


def batch(entries: Sequence[Entry], *, timestamp_ms: int, codec: str = "none") -> bytes:
    """One batch of these: key, value, headers."""
    builder = _DefaultRecordBatchBuilderPy(2, CODECS[codec], 0, -1, -1, -1, 1 << 20)
    for number, (key, value, headers) in enumerate(entries):
        builder.append(number, timestamp_ms, key, value, list(headers))
    return bytes(builder.build())


async def produce(connection: Connection, place: Place, data: bytes) -> None:
    """Write the bytes of a batch; raises what the broker will not have."""
    producer = AIOKafkaProducer(**connection.options())
    await producer.start()
    try:
        await producer.partitions_for(place.topic)
        request = ProduceRequest(None, -1, 10_000, [(place.topic, [(place.partition, data)])])
        code = NOT_LEADER_YET
        for _ in range(50):  # of a topic that was made a moment ago
            node = producer.client.cluster.leader_for_partition(place)
            answer: Any = await producer.client.send(node, request)
            ((_, ((_, code, *_),)),) = answer.topics
            if code != NOT_LEADER_YET:
                break
            await asyncio.sleep(0.1)
        if code:
            raise for_code(code)
    finally:
        await producer.stop()
