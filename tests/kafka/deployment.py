"""Topics of a test's own on the broker, and what a test says to them and reads from them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from aiokafka.admin import NewTopic, RecordsToDelete

from app.core.head import HEAD_KEY, Head
from app.core.partition import Commit
from app.drivers import kafka_topics
from app.drivers.clock import Clock
from app.drivers.kafka_append import Appender
from app.drivers.kafka_client import Connection, Kafka
from app.drivers.kafka_reader import read_to, reader
from app.drivers.kafka_takeover import TakenOver, Takeovers, decoded
from app.drivers.local_rows import LocalRows
from app.drivers.rocks import Store
from tests.kafka.scribe import Scribe
from topics.murmur2 import partition_of
from topics.record import NewRecord, Record

NOON_MS = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp() * 1000)
PARTITIONS = 3


@dataclass
class Deployment:
    """One deployment's topics, gone after the test."""

    kafka: Kafka
    appender: Appender
    partitions: int

    async def events(self, *said: tuple[str, bytes]) -> list[tuple[int, int]]:
        """Append an event for each person and value."""
        return await self.appender.append(
            [NewRecord("user-events", user.encode(), value, NOON_MS) for user, value in said]
        )

    async def records(self, topic: str, *, committed: bool = True) -> list[Record]:
        """All of a topic, partition by partition, also what was committed a moment ago.

        A commit is answered before its markers are written: the end is the log's, not the last stable offset.
        """
        async with (
            reader(self.kafka, committed=False) as all_of_it,
            reader(self.kafka, committed=committed) as one,
        ):
            count = await all_of_it.partitions(topic)
            places = [self.kafka.place(topic, number) for number in range(count)]
            ends, beginnings = await all_of_it.ends(places), await all_of_it.beginnings(places)
            bounds = {place: (beginnings[place], ends[place]) for place in places}
            found = [record async for batch in read_to(one, bounds) for record in batch]
        return sorted(found, key=lambda record: (record.partition, record.offset))

    async def cut(self, topic: str, partition: int, *, before: int) -> None:
        """Delete the oldest records, as retention does."""
        place = self.kafka.place(topic, partition)
        admin = self.kafka.admin()
        await admin.start()
        try:
            await admin.delete_records({place: RecordsToDelete(before)})
        finally:
            await admin.close()

    def home(self, user: str) -> int:
        """The partition of a person's key."""
        return partition_of(user.encode(), self.partitions)

    def person_in(self, partition: int) -> str:
        """A user id whose home is this partition."""
        return next(user for user in (f"user-{n}" for n in range(1000)) if self.home(user) == partition)


def deployment(address: str, partitions: int = PARTITIONS) -> AbstractAsyncContextManager[Deployment]:
    """Topics under a prefix of their own, on a broker that lets everybody in."""
    return deployed(Connection(bootstrap=address), partitions)


@asynccontextmanager
async def deployed(connection: Connection, partitions: int = PARTITIONS) -> AsyncIterator[Deployment]:
    """Topics under a prefix of their own, gone in the end."""
    kafka = Kafka(replace(connection, prefix=f"t{uuid.uuid4().hex[:10]}-"))
    report = await kafka_topics.apply(
        kafka, partitions=partitions, replication=1, settings=kafka_topics.STORY
    )
    assert report.fine, report
    appender = Appender(kafka)
    try:
        await appender.start()
        yield Deployment(kafka, appender, partitions)
    finally:
        await appender.stop()
        await kafka_topics.delete(kafka)


async def create(kafka: Kafka, *topics: NewTopic) -> None:
    """Create topics that the contract does not know like this, and wait until each is seen: an answer comes before."""
    admin = kafka.admin()
    await admin.start()
    try:
        await admin.create_topics(list(topics))
        await kafka_topics._until_there(admin, [topic.name for topic in topics])
    finally:
        await admin.close()


def values(records: Sequence[Record]) -> list[bytes | None]:
    """What the records hold."""
    return [record.value for record in records]


@dataclass
class Owner:
    """A partition that was taken over, and its local copy."""

    taken: TakenOver
    rows: LocalRows

    @property
    def head(self) -> Head:
        """The partition's own row, as the local copy has it."""
        row = self.rows.get(HEAD_KEY)
        assert row is not None
        return decoded(row)

    async def commit(
        self, *records: NewRecord, head: Head | None = None, rows: Mapping[str, bytes | None] | None = None
    ) -> None:
        """One commit of these."""
        head = head or Head(partitions=PARTITIONS)
        await self.taken.log.commit(Commit(number=1, rows=rows or {}, head=head, records=records))


@asynccontextmanager
async def owner(
    topics: Deployment,
    folder: Path,
    number: int = 0,
    *,
    partitions: int = PARTITIONS,
    stable_within_s: float = 5,
    machine: Clock | None = None,
) -> AsyncIterator[Owner]:
    """Takes a partition over; leaves as a crash would, without a word, but for its local copy in `folder`."""
    rows = LocalRows(Store(folder))
    takeovers = Takeovers(
        topics.kafka,
        partitions=partitions,
        group="g",
        build=Scribe,
        stable_within_s=stable_within_s,
        machine=machine,
    )
    await takeovers.start()
    try:
        taken = await takeovers.take_over(number, rows)
        try:
            yield Owner(taken, rows)
        finally:
            await taken.log.close()
    finally:
        await takeovers.stop()
        rows.close()


def outcome(value: bytes, user: str = "ana", *, partition: int | None = 0) -> NewRecord:
    """What a machine would write."""
    return NewRecord("nudge-outcome", user.encode(), value, NOON_MS, (("a", b"b"),), partition)
