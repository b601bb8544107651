"""The consumer group: who is in it, and where it stands in the input against what the log still has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta

from app.doctor.faults import brokers as clock_faults
from app.doctor.faults import group as faults
from app.doctor.finding import Finding, fine
from app.drivers.kafka_client import Kafka, Place
from app.drivers.kafka_reader import Reader
from app.drivers.kafka_standing import OUR_PROTOCOL, Standing
from app.outside.log import milliseconds, moment, now
from topics.user_events import USER_EVENTS

AHEAD = timedelta(seconds=5)
"""Clocks that a time service keeps are closer than that."""
BEHIND = timedelta(minutes=5)
"""A take-over with a large restore takes a minute or two; what waits longer waits for somebody."""
LOOKED_AT = 50
"""Records of a partition in which the oldest that waits is looked for: the first of them may be ours and small."""


async def positions(
    kafka: Kafka, name: str, group: Standing, committed: Reader, uncommitted: Reader
) -> AsyncIterator[Finding]:
    """Nothing is consumed: these readers are in no group."""
    topic = kafka.place(USER_EVENTS.name, 0).topic
    for finding in _shared(name, group, topic):
        yield finding
    places = [kafka.place(USER_EVENTS.name, n) for n in range(await committed.partitions(USER_EVENTS.name))]
    begins, stable = await uncommitted.beginnings(places), await committed.ends(places)
    ends = await uncommitted.ends(places)
    done = {place: at for place, at in group.offsets.items() if place.topic == topic}
    waiting: dict[Place, tuple[int, int]] = {}
    for place in places:
        at = done.get(place, begins[place])
        for finding in _of_one(place, at, begins[place], stable[place], ends[place]):
            yield finding
        if at < stable[place]:
            waiting[place] = (max(at, begins[place]), stable[place])
    behind = sum(end - start for start, end in waiting.values())
    if not done:
        yield faults.NOTHING_DECIDED.found(f"no worker of the group {name} has decided anything yet")
    else:
        yield fine("positions", f"the group {name} has {behind:,} events before it")
        async for finding in _waiting(name, group, committed, waiting):
            yield finding
    for finding in _ahead(await committed.since(places, milliseconds(now() + AHEAD))):
        yield finding


def _shared(name: str, group: Standing, topic: str) -> Iterator[Finding]:
    """Whether somebody else uses the group, or has used it."""
    others = [one for one in group.members if one.topics is not None and topic not in one.topics]
    if others:
        who = others[0]
        reads = ", ".join(who.topics or ()) or "nothing"
        yield faults.GROUP_SHARED.found(
            f"{who.client_id} at {who.host.removeprefix('/')} is in the group {name} and reads {reads}"
        )
    elif group.members and group.protocol not in {"", OUR_PROTOCOL}:
        yield faults.GROUP_SHARED.found(
            f"the group {name} shares partitions out by {group.protocol!r}, and workers by {OUR_PROTOCOL!r}"
        )
    foreign = sorted({place.topic for place in group.offsets if place.topic != topic})
    if foreign:
        yield faults.GROUP_LEFTOVERS.found(f"the group {name} has offsets of {', '.join(foreign)}")


def _of_one(place: Place, at: int, begin: int, stable: int, end: int) -> Iterator[Finding]:
    name = f"{place.topic}-{place.partition}"
    if at > end:
        yield faults.MADE_ANEW.found(
            f"{name} ends at {end}, and everything below {at} is done already: it was made anew or cut",
            "bring it back, or begin anew with another TACTFUL_TOPIC_PREFIX; no worker takes it as it is",
        )
    elif at < begin:
        yield faults.RETENTION_FASTER.found(
            f"{name} begins at {begin}, and only what is below {at} is done: retention was faster"
        )
    if stable < end:
        yield faults.TRANSACTION_OPEN.found(
            f"{name}: {end - stable} records stand behind somebody's open transaction"
        )


async def _waiting(
    name: str, group: Standing, committed: Reader, waiting: Mapping[Place, tuple[int, int]]
) -> AsyncIterator[Finding]:
    """For how long the oldest event that is not decided has been in the log."""
    oldest: tuple[datetime, Place] | None = None
    for place, (start, _) in waiting.items():
        committed.assign({place: start})
        records = await committed.read(within_ms=1_000, at_most=LOOKED_AT)
        if records and (oldest is None or moment(records[0].timestamp_ms) < oldest[0]):
            oldest = moment(records[0].timestamp_ms), place
    if oldest is None:
        return
    at, place = oldest
    since = now() - at
    where = f"{place.topic}-{place.partition}"
    if not group.members:
        yield faults.NOBODY_AT_WORK.found(
            f"{sum(end - start for start, end in waiting.values()):,} events wait, the oldest since "
            f"{at:%Y-%m-%d %H:%M:%S}Z ({where}), and nobody is in the group {name}"
        )
    elif since > BEHIND:
        yield faults.FALLING_BEHIND.found(
            f"an event of {where} has waited for {since // timedelta(minutes=1):,} min, since "
            f"{at:%Y-%m-%d %H:%M:%S}Z"
        )


def _ahead(found: Mapping[Place, int | None]) -> Iterator[Finding]:
    ahead = [place for place, at in found.items() if at is not None]
    if ahead:
        says = f"records of {ahead[0].topic}-{ahead[0].partition} are dated after this machine's clock"
        yield clock_faults.CLOCK_BEHIND_EVENTS.found(says)
    else:
        yield fine("clock", "no event is dated after this machine's clock")
