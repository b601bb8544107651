"""People's rows: whether this version can read them, what they were written for, and whether anybody has consented."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import msgspec

from app.core.head import HEAD_KEY, SCHEMA, Head
from app.core.row import NewerRow, decode
from app.doctor.faults import group as faults
from app.doctor.faults import people as people_faults
from app.doctor.faults import topics as topic_faults
from app.doctor.finding import Finding, fine
from app.drivers.kafka_client import Kafka, Place
from app.drivers.kafka_reader import Reader, read_to
from app.drivers.kafka_standing import Standing
from topics.record import Record
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

LAST = 500
"""Records of each partition that are looked at first: each commit writes the partition's own row."""
FURTHER = 20
"""How many times as many next, where it was not among them."""


@dataclass(slots=True)
class Seen:
    """What was looked at."""

    people: int = 0
    granting: int = 0
    newer: str = ""


async def rows(kafka: Kafka, group: Standing, committed: Reader) -> AsyncIterator[Finding]:
    """The last rows of each partition; of all of them none is looked at twice."""
    count = await committed.partitions(NUDGE_STATE.name)
    places = [kafka.place(NUDGE_STATE.name, number) for number in range(count)]
    begins, ends = await committed.beginnings(places), await committed.ends(places)
    seen, heads = Seen(), 0
    for place in places:
        records = await _last(committed, place, begins[place], ends[place])
        head = next((one.value for one in reversed(records) if one.key == HEAD_KEY.encode()), None)
        _look(records, seen)
        done = group.offsets.get(kafka.place(USER_EVENTS.name, place.partition), 0)
        if head is None and done > 0:
            yield faults.ROWS_GONE.found(
                f"{place.topic}-{place.partition} has no row of its own, and {done:,} events are done there"
            )
        elif head is not None:
            heads += 1
            for finding in _head(place, head, count):
                yield finding
    if seen.newer:
        yield faults.ROWS_NEWER.found(seen.newer)
    elif heads:
        yield fine("rows", f"this version can read the rows of {heads} partitions")
    for finding in consents(seen.people, seen.granting):
        yield finding


def consents(people: int, granting: int) -> Iterable[Finding]:
    """Whether anybody among them lets any agent reach out."""
    if people and not granting:
        yield people_faults.NO_CONSENTS.found(
            f"none of the {people:,} people looked at has granted any agent"
        )
    elif people:
        yield fine("consents", f"{granting:,} of the {people:,} people looked at have granted an agent")


async def _last(committed: Reader, place: Place, begin: int, end: int) -> list[Record]:
    """The last records of a partition, as many as it takes to find its own row."""
    for start in (max(begin, end - LAST), max(begin, end - LAST * FURTHER), begin):
        bounds = {place: (start, end)}
        found = [one async for batch in read_to(committed, bounds) for one in batch if one.offset < end]
        if start == begin or any(one.key == HEAD_KEY.encode() for one in found):
            return found
    return []


def _look(records: Iterable[Record], seen: Seen) -> None:
    latest = {one.key: one for one in records if one.key and one.key != HEAD_KEY.encode()}
    for one in latest.values():
        if one.value is None:
            continue
        try:
            row = decode(one.value)
        except NewerRow as error:
            seen.newer = seen.newer or f"{one.topic}-{one.partition}, offset {one.offset}: {error}"
            continue
        if row.erased_at is None:
            seen.people += 1
            seen.granting += row.grants_something


def _head(place: Place, value: bytes, count: int) -> Iterable[Finding]:
    head = msgspec.msgpack.decode(value, type=Head)
    where = f"{place.topic}-{place.partition}"
    if head.schema > SCHEMA:
        yield faults.ROWS_NEWER.found(
            f"{where} was written by a newer worker: its row has schema {head.schema}, and this one knows {SCHEMA}"
        )
    if head.partitions != count:
        yield topic_faults.PARTITIONS_ADDED.found(
            f"{where} was written for {head.partitions} partitions, and there are {count} now"
        )
