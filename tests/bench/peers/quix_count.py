"""Quix Streams: events counted by person, in a RocksDB state with a changelog."""

from __future__ import annotations

import sys

from quixstreams import Application, State
from stopwatch import Stopwatch, end

address, topic, group, skip, count, guarantee = sys.argv[1:]
watch = Stopwatch(skip=int(skip), count=int(count))


def counted(_: object, state: State) -> int:
    """One more of this person's."""
    seen: int = state.get("seen", 0) + 1
    state.set("seen", seen)
    watch.event()
    return seen


app = Application(
    broker_address=address,
    consumer_group=group,
    auto_offset_reset="earliest",
    processing_guarantee=guarantee,
    loglevel="ERROR",
)
events = app.dataframe(app.topic(topic, key_deserializer="str", value_deserializer="json"))
events.apply(counted, stateful=True)
app.run(count=int(count))
end()
