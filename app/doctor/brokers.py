"""Kafka: whether it is reached, has our topics as they should be, lets us use them, and what stands there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any

from app.doctor.finding import Finding, away, fine, note, wrong
from app.drivers import kafka_topics
from app.drivers.kafka_client import Connection, Kafka, KafkaError
from app.drivers.kafka_permissions import lacking
from app.drivers.kafka_reader import Reader, reader
from app.outside.brokers import quiet_kafka, said, where
from app.outside.log import OutOfReachError, milliseconds, now
from topics import TOPICS
from topics.rights import WORKER, Right
from topics.user_events import USER_EVENTS

AHEAD = timedelta(seconds=5)
"""Clocks that a time service keeps are closer than that."""
FIRST_GROUP_TRIES = 10
"""A second apart."""


async def brokers(connection: Connection, group: str) -> AsyncIterator[Finding]:
    """Nothing is written, and no group is joined."""
    try:
        kafka = quiet_kafka(connection)
        async with said(connection):
            report = await kafka_topics.check(kafka)
            lacks = await lacking(kafka, WORKER.on(prefix=connection.prefix, group=group))
        yield fine("brokers", f"{where(connection)} answers")
        if connection.security_protocol == "SASL_PLAINTEXT" and connection.sasl_mechanism == "PLAIN":
            says = "the password goes to the brokers readable, and all that people say with it"
            do = "use SASL_SSL where the network is not yours alone, or at least a SCRAM mechanism"
            yield note("brokers", says, do)
        hidden = {right.name for right in lacks or () if right.name in report.lacking}
        for finding in _topics(report, hidden):
            yield finding
        for finding in _rights(connection, lacks):
            yield finding
        unusable = {*report.lacking, *(right.name for right in lacks or ())}
        if unusable & {kafka.place(USER_EVENTS.name, 0).topic, group}:
            return
        async with (
            said(connection),
            reader(kafka) as committed,
            reader(kafka, committed=False) as uncommitted,
        ):
            async for finding in _positions(kafka, group, committed, uncommitted):
                yield finding
    except OutOfReachError as error:
        yield away("brokers", error.says, error.do)


def _topics(report: kafka_topics.Report, hidden: Collection[str]) -> Iterator[Finding]:
    """What is hidden from this user may well be there: that is said of its rights."""
    for name in report.lacking:
        if name not in hidden:
            yield wrong("topics", f"there is no {name}", "create it with `tactful topics apply`")
    for line in report.differing:
        says, separator, do = line.partition("; ")
        if not separator:
            says, _, do = line.partition(". ")
        yield wrong("topics", says, do)
    if report.unseen:
        says = (
            f"whether the settings of {', '.join(report.unseen)} are the contract's is not known to this user"
        )
        yield note("topics", says, "ask `tactful topics check` as somebody who may DescribeConfigs")
    if report.fine:
        yield fine("topics", f"all {len(TOPICS)} are there, as the contract has them")


def _rights(connection: Connection, lacks: Sequence[Right] | None) -> Iterator[Finding]:
    """Whether this user may do what a worker does."""
    if lacks is None:
        yield note("ACLs", "this broker does not say what a user may do")
        return
    principal = f"User:{connection.sasl_username or '...'}"
    for right in lacks:
        command = right.command(principal, connection.bootstrap)
        yield wrong("ACLs", f"this user lacks {right}: {right.why}", command)
    if not lacks:
        yield fine("ACLs", "this user may do all that a worker does")


async def _positions(
    kafka: Kafka, group: str, committed: Reader, uncommitted: Reader
) -> AsyncIterator[Finding]:
    """Where the worker stands in each partition of the input, against what the log still has."""
    places = [kafka.place(USER_EVENTS.name, n) for n in range(await committed.partitions(USER_EVENTS.name))]
    begins, stable = await uncommitted.beginnings(places), await committed.ends(places)
    ends = await uncommitted.ends(places)
    done = await _done(kafka, group)
    behind = 0
    for place in places:
        at, name = done.get(place, begins[place]), f"{place.topic}-{place.partition}"
        behind += max(0, stable[place] - at)
        if at > ends[place]:
            says = f"{name} ends at {ends[place]}, and everything below {at} is done already: it was made anew or cut"
            do = "bring it back, or begin anew with another TACTFUL_TOPIC_PREFIX; no worker takes it as it is"
            yield wrong("positions", says, do)
        elif at < begins[place]:
            says = (
                f"{name} begins at {begins[place]}, and only what is below {at} is done: retention was faster"
            )
            yield note(
                "positions",
                says,
                "more workers, or a longer retention; what is gone is counted and passed over",
            )
        if stable[place] < ends[place]:
            says = f"{name}: {ends[place] - stable[place]} records stand behind somebody's open transaction"
            do = "normal for some seconds; if it stays, find it with kafka-transactions.sh find-hanging"
            yield note("positions", says, do)
    if done:
        yield fine("positions", f"the group {group} has {behind:,} events before it")
    else:
        yield note(
            "positions", f"no worker of the group {group} has decided anything yet", "start `tactful worker`"
        )
    ahead = [
        place
        for place, at in (await committed.since(places, milliseconds(now() + AHEAD))).items()
        if at is not None
    ]
    if ahead:
        says = f"records of {ahead[0].topic}-{ahead[0].partition} are dated after this machine's clock"
        yield note(
            "clock", says, "compare this machine's clock, the brokers' and the services': keep all by NTP"
        )
    else:
        yield fine("clock", "no event is dated after this machine's clock")


async def _done(kafka: Kafka, group: str) -> dict[Any, int]:
    """The group's committed offsets, which are a copy of what the partitions' own rows call done."""
    admin = kafka.admin()
    try:
        await admin.start()
        offsets = await _offsets(admin, group)
    finally:
        await admin.close()
    return {
        kafka.place(kafka.plain(place.topic), place.partition): at.offset for place, at in offsets.items()
    }


async def _offsets(admin: Any, group: str) -> Any:
    """Of a cluster that never had a group, the broker makes the topic for their offsets first."""
    for left in reversed(range(FIRST_GROUP_TRIES)):
        try:
            return await admin.list_consumer_group_offsets(group)
        except KafkaError as error:
            if not left or "Coordinator" not in type(error).__name__:
                raise
            await asyncio.sleep(1)
    return {}
