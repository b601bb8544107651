"""The log on Kafka, from outside: committed records, by position and in no group."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime

from app.drivers.kafka_append import Appender
from app.drivers.kafka_client import Connection, Kafka, KafkaConnectionError, KafkaError
from app.drivers.kafka_read_topic import EndsBeforeError, read_topic
from app.drivers.kafka_refusal import refusal
from app.outside.log import MadeAnewError, OutOfReachError, RefusedError
from topics.record import NewRecord, Record

_REFUSALS = {
    "InvalidTimestampError": "a record is dated more than 5 min ahead of the broker: check the clock here",
    "MessageSizeTooLargeError": "a record is larger than the broker takes",
    "RecordListTooLargeError": "a record is larger than the broker takes",
}


class BrokersLog:
    """See Log."""

    def __init__(self, kafka: Kafka, counts: Mapping[str, int]) -> None:
        """`counts`: over how many partitions each of the broker's topics is spread."""
        self.where = where(kafka.connection)
        self._kafka = kafka
        self._counts = counts
        self._appender: Appender | None = None

    async def partitions(self, topic: str) -> int:
        name = self._kafka.place(topic, 0).topic
        if name not in self._counts:
            do = "create what lacks with `tactful topics apply`, or check TACTFUL_TOPIC_PREFIX"
            raise OutOfReachError(f"{self.where} has no topic {name}", do)
        return self._counts[name]

    async def read(
        self,
        topic: str,
        *,
        since: datetime | None = None,
        begin: Mapping[int, int] | None = None,
        user: str | None = None,
        follow: bool = False,
    ) -> AsyncIterator[Record]:
        await self.partitions(topic)
        found = read_topic(self._kafka, topic, since=since, begin=begin, user=user, follow=follow)
        try:
            async with said(self._kafka.connection), aclosing(found) as records:
                async for record in records:
                    yield record
        except EndsBeforeError as error:
            raise MadeAnewError(topic, error.partition, end=error.end, begin=error.begin) from None

    async def append(self, records: Sequence[NewRecord]) -> list[tuple[int, int]]:
        for topic in {record.topic for record in records}:
            await self.partitions(topic)
        async with said(self._kafka.connection):
            if self._appender is None:
                self._appender = Appender(self._kafka)
                await self._appender.start()
            try:
                return await self._appender.append(records)
            except KafkaError as error:
                if type(error).__name__ not in _REFUSALS:
                    raise
                raise RefusedError(f"{self.where}: {_REFUSALS[type(error).__name__]}") from None

    async def close(self) -> None:
        if self._appender is not None:
            await self._appender.stop()


@asynccontextmanager
async def brokers_log(connection: Connection) -> AsyncIterator[BrokersLog]:
    """The log of this deployment; OutOfReachError says what is missing."""
    kafka = quiet_kafka(connection)
    async with said(connection):
        counts = await _counts(kafka)
    log = BrokersLog(kafka, counts)
    try:
        yield log
    finally:
        await log.close()


def quiet_kafka(connection: Connection) -> Kafka:
    """The clients of a command: what goes wrong is said once, by the command."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return Kafka(connection)
    except OSError as error:
        says = f"the certificates of TACTFUL_KAFKA__SSL_* cannot be used ({error})"
        do = "give files in PEM form that this user may read"
        raise OutOfReachError(says, do, name="certificates_unusable") from None


async def _counts(kafka: Kafka) -> dict[str, int]:
    admin = kafka.admin()
    try:
        await admin.start()
        return {found["topic"]: len(found["partitions"]) for found in await admin.describe_topics()}
    finally:
        await admin.close()


def where(connection: Connection) -> str:
    """The brokers as they are written in TACTFUL_LOG."""
    return f"kafka://{connection.bootstrap}"


@asynccontextmanager
async def said(connection: Connection) -> AsyncIterator[None]:
    """Kafka's errors in the words of an operator."""
    try:
        yield
    except KafkaConnectionError:
        raise await _away(connection) from None
    except KafkaError as error:
        name = type(error).__name__
        if name == "NodeNotReadyError":
            raise await _away(connection) from None
        do = (
            "grant it by an ACL: `tactful doctor --rights ROLE` prints the commands"
            if "Authorization" in name
            else "look at the brokers, then try again"
        )
        raise OutOfReachError(f"{where(connection)} answers {name} ({error})", do) from None
    except TimeoutError:
        do = "look at the brokers, then try again"
        raise OutOfReachError(f"{where(connection)} did not answer in time", do) from None


async def _away(connection: Connection) -> OutOfReachError:
    found = await refusal(connection)
    if found is None:
        do = "try again; if it stays, check that the brokers' advertised.listeners can be reached from here"
        says = f"{where(connection)} answers, and then does not"
        return OutOfReachError(says, do, name="broker_half_reached")
    return OutOfReachError(found.says, found.do, name=found.name)
