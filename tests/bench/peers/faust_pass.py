"""Faust: an agent that runs Tactful's own pass, its rows in a RocksDB table, its outcomes to a topic.

What is decided is the same; what Tactful promises about it is not: no fence, no transaction, one event at a time.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mode.loop

mode.loop.use("uvloop")

import faust  # noqa: E402 - the event loop is chosen before

import agents  # noqa: E402 - as above
from app.core import row as rows  # noqa: E402 - as above
from app.core.one_pass import Situation, one_pass  # noqa: E402 - as above
from app.core.policy import Policy  # noqa: E402 - as above
from app.core.roster import Roster  # noqa: E402 - as above
from app.core.written import records_of  # noqa: E402 - as above
from tests.bench.peers.stopwatch import Stopwatch, end  # noqa: E402 - as above
from topics.decode import decode  # noqa: E402 - as above
from topics.record import Record  # noqa: E402 - as above
from topics.user_events import Event  # noqa: E402 - as above

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
# One that the deployment has already: what does not exist Faust would wait for.
decided = app.topic(
    topic.replace("user-events", "nudges"),
    key_type=bytes,
    value_type=bytes,
    key_serializer="raw",
    value_serializer="raw",
)
kept = app.Table("rows", key_type=bytes, value_type=bytes, partitions=int(partitions))
roster = Roster(agents.load([]).values())
situation = Situation(policy=Policy(), roster=roster)


@app.agent(source)
async def passes(stream: faust.StreamT[Any]) -> None:
    """A pass for each event."""
    async for event in stream.events():
        message, now = event.message, datetime.now(UTC)
        record = Record(
            message.topic,
            message.partition,
            message.offset,
            event.key,
            event.value,
            int(message.timestamp * 1000),
        )
        understood = decode(record, agents=roster.names)
        if isinstance(understood, Event):
            held = kept.get(event.key)
            before = rows.Row(user_id=understood.user_id) if held is None else rows.decode(held)
            try:
                next(one_pass(before, [understood], None, now, situation))
            except StopIteration as stop:
                if stop.value.row is not None:
                    kept[event.key] = rows.encode(stop.value.row)
                for new in records_of(understood.user_id, stop.value, now):
                    await decided.send(key=new.key, value=new.value)
        if watch.event():
            end()


faust.Worker(app, loglevel="error").execute_from_commandline()
