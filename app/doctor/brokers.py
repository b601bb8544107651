"""Kafka: whether it is reached, lets us use it, has our topics as they should be, and where the group stands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING

from app.doctor.faults import BY_NAME
from app.doctor.faults import brokers as faults
from app.doctor.finding import Finding, fine
from app.doctor.people import people
from app.doctor.positions import positions
from app.doctor.rows import rows
from app.doctor.state import copies
from app.doctor.topics import coordinated, topics
from app.drivers import kafka_standing, kafka_topics
from app.drivers.kafka_client import Connection, Kafka
from app.drivers.kafka_identity import ahead_s
from app.drivers.kafka_permissions import lacking
from app.drivers.kafka_reader import reader
from app.outside.brokers import brokers_log, quiet_kafka, said, where
from app.outside.log import OutOfReachError
from topics.controls import NUDGE_CONTROLS
from topics.dead_letters import DEAD_LETTER
from topics.rights import WORKER, Right
from topics.user_events import USER_EVENTS

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.settings import Settings

CLOCKS_WITHIN_S = 30.0
"""Clocks that a time service keeps are closer by far; from 300 s on a broker refuses what is dated ahead."""


async def brokers(connection: Connection, given: Settings, agents: Collection[str]) -> AsyncIterator[Finding]:
    """Nothing is written, and no group is joined."""
    try:
        kafka = quiet_kafka(connection)
        async with said(connection):
            report = await kafka_topics.check(kafka)
            lacks = await lacking(kafka, WORKER.on(prefix=connection.prefix, group=given.group))
            clocks, count = await ahead_s(kafka), await kafka_standing.brokers(kafka)
        hidden = {right.name for right in lacks or () if right.name in report.lacking}
        for finding in (
            *_way(connection),
            *_clock(clocks),
            *topics(report, prefix=connection.prefix, hidden=hidden, brokers=count),
            *_rights(connection, lacks),
        ):
            yield finding
        unusable = {*report.lacking, *(right.name for right in lacks or ())}
        if unusable & {kafka.place(USER_EVENTS.name, 0).topic, given.group}:
            return
        async for finding in _at_work(kafka, given, everything=not unusable):
            yield finding
        if report.lacking:
            return
        async with brokers_log(connection) as log:
            letters, controls = [await _may_read(kafka, one.name) for one in (DEAD_LETTER, NUDGE_CONTROLS)]
            async for finding in people(log, agents, letters=letters, controls=controls):
                yield finding
    except OutOfReachError as error:
        yield BY_NAME.get(error.name, faults.TROUBLE).found(error.says, error.do)


async def _at_work(kafka: Kafka, given: Settings, *, everything: bool) -> AsyncIterator[Finding]:
    """What the group has done, and may do; `everything` is there, and no right lacks."""
    async with (
        said(kafka.connection),
        reader(kafka) as committed,
        reader(kafka, committed=False) as uncommitted,
    ):
        if everything:
            async for finding in coordinated(kafka, given):
                yield finding
        group = await kafka_standing.group(kafka, given.group)
        async for finding in positions(kafka, given.group, group, committed, uncommitted):
            yield finding
        if everything:
            async for finding in rows(kafka, group, committed):
                yield finding
            async for finding in copies(kafka, given):
                yield finding


def _way(connection: Connection) -> Iterator[Finding]:
    yield fine("brokers", f"{where(connection)} answers")
    if connection.security_protocol == "SASL_PLAINTEXT" and connection.sasl_mechanism == "PLAIN":
        yield faults.PASSWORD_READABLE.found(
            "the password goes to the brokers readable, and all that people say with it"
        )


async def _may_read(kafka: Kafka, topic: str) -> bool:
    """A worker may write dead letters and need not read them."""
    name = kafka.place(topic, 0).topic
    lacks = await lacking(
        kafka, [Right(resource="topic", name=name, operation="Read", why="looking into it")]
    )
    return not lacks


def _clock(ahead: float | None) -> Iterator[Finding]:
    """`ahead`: by how many seconds the brokers' clock is ahead of ours."""
    if ahead is None:
        return
    if abs(ahead) > CLOCKS_WITHIN_S:
        which = "behind" if ahead > 0 else "ahead of"
        yield faults.CLOCK_OFF.found(f"this machine's clock is {abs(ahead):,.0f} s {which} the brokers'")
    else:
        yield fine("clock", "this machine's clock and the brokers' agree")


def _rights(connection: Connection, lacks: Sequence[Right] | None) -> Iterator[Finding]:
    """Whether this user may do what a worker does."""
    if lacks is None:
        yield faults.RIGHTS_UNSAID.found("this broker does not say what a user may do")
        return
    principal = f"User:{connection.sasl_username or '...'}"
    for right in lacks:
        command = right.command(principal, connection.bootstrap)
        yield faults.RIGHT_MISSING.found(f"this user lacks {right}: {right.why}", command)
    if not lacks:
        yield fine("ACLs", "this user may do all that a worker does")
