"""A topic read from outside, as its readers do: committed records only, of all partitions or of one person's."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime

from app.drivers.kafka_client import Kafka, Place
from app.drivers.kafka_reader import Reader, read_to, reader
from topics.murmur2 import partition_of
from topics.record import Record


class EndsBeforeError(Exception):
    """A partition ends before the offset from which it was to be read: it is another log than it was.

    Operator action: find out who made the topic anew, and begin anew with what was kept of it.
    """

    def __init__(self, partition: int, *, end: int, begin: int) -> None:
        super().__init__(f"partition {partition} ends at {end}, before {begin}")
        self.partition, self.end, self.begin = partition, end, begin


async def read_topic(
    kafka: Kafka,
    topic: str,
    *,
    since: datetime | None = None,
    begin: Mapping[int, int] | None = None,
    user: str | None = None,
    follow: bool = False,
) -> AsyncGenerator[Record]:
    """Records in the order of each partition, up to what is committed now; with `follow` for ever after.

    With `user` only that person's, from the one partition of the key; `since` goes by the log's timestamps.
    A partition that `begin` names is read from that offset on, or from what is still there behind it.
    """
    key = None if user is None else user.encode()
    async with reader(kafka) as one:
        places = await _places(kafka, one, topic, key)
        ends = await one.ends(places)
        starts = await _starts(one, places, since, begin or {}, ends)
        async for batch in read_to(one, {place: (starts[place], ends[place]) for place in places}):
            for record in batch:
                at_hand = follow or record.offset < ends[kafka.place(topic, record.partition)]
                if at_hand and (key is None or record.key == key):
                    yield record
        while follow:
            for record in await one.read():
                if key is None or record.key == key:
                    yield record


async def _places(kafka: Kafka, one: Reader, topic: str, key: bytes | None) -> list[Place]:
    count = await one.partitions(topic)
    numbers = range(count) if key is None else [partition_of(key, count)]
    return [kafka.place(topic, number) for number in numbers]


async def _starts(
    one: Reader,
    places: list[Place],
    since: datetime | None,
    begin: Mapping[int, int],
    ends: dict[Place, int],
) -> dict[Place, int]:
    beginnings = await one.beginnings(places)
    starts = dict(beginnings)
    if since is not None:
        found = await one.since(places, int(since.timestamp() * 1000))
        starts |= {place: ends[place] if (at := found[place]) is None else at for place in places}
    for place in places:
        known = begin.get(place.partition)
        if known is not None:
            if known > ends[place]:
                raise EndsBeforeError(place.partition, end=ends[place], begin=known)
            starts[place] = max(known, beginnings[place])
    return starts
