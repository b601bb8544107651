"""The ceiling: aiokafka's getmany and orjson, and nothing done with what was read."""

from __future__ import annotations

import sys

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer
from stopwatch import Stopwatch, end


async def main(address: str, topic: str, group: str, skip: str, count: str) -> None:
    watch = Stopwatch(skip=int(skip), count=int(count))
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=address,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    while not watch.ended:
        for batch in (await consumer.getmany(timeout_ms=100, max_records=2_000)).values():
            for record in batch:
                orjson.loads(record.value)
            watch.event(len(batch))
    end()


uvloop.run(main(*sys.argv[1:]))
