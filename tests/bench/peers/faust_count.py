"""Faust: an agent that counts events by person in a table, in RocksDB with a changelog."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import mode.loop

mode.loop.use("uvloop")

import faust  # noqa: E402 - the event loop is chosen before
import orjson  # noqa: E402 - as above
from stopwatch import Stopwatch, end  # noqa: E402 - as above

address, topic, group, skip, count, partitions = sys.argv[1:]
watch = Stopwatch(skip=int(skip), count=int(count))
app = faust.App(
    group,
    broker=f"kafka://{address}",
    store="rocksdb://",
    datadir=Path.cwd(),
    topic_partitions=int(partitions),
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
    broker_max_poll_records=500,
    web_enabled=False,
)
source = app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
seen = app.Table("seen", default=int, key_type=bytes, partitions=int(partitions))


@app.agent(source)
async def counted(stream: faust.StreamT[Any]) -> None:
    """One more of each person's."""
    async for key, value in stream.items():
        orjson.loads(value)
        seen[key] += 1
        if watch.event():
            end()


faust.Worker(app, loglevel="error").execute_from_commandline()
