"""The one door to Kafka: aiokafka is imported here and nowhere else, with the settings that our promises need."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer import fetcher
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import (
    CorruptRecordException,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    ProducerFenced,
    UnknownTopicOrPartitionError,
    UnsupportedCodecError,
    for_code,
)
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import OffsetAndMetadata

from app.drivers.kafka_closing import closed, look_at, without_farewell
from app.drivers.kafka_fetched import Fetched
from app.drivers.kafka_lenient import lenient
from app.drivers.kafka_quiet import quieten
from topics.record import NewRecord

__all__ = [
    "UNREADABLE",
    "ConfigResource",
    "ConfigResourceType",
    "Connection",
    "IllegalStateError",
    "Kafka",
    "KafkaConnectionError",
    "KafkaError",
    "NewTopic",
    "NoOffsetForPartitionError",
    "OffsetAndMetadata",
    "OffsetOutOfRangeError",
    "Place",
    "ProducerFenced",
    "UnknownTopicOrPartitionError",
    "added",
    "closed",
    "discard",
    "for_code",
    "look_at",
    "partition_count",
]


UNREADABLE = (CorruptRecordException, UnsupportedCodecError)
"""A batch that cannot be decoded: it is damaged, or compressed in a way that nobody here knows."""


class Place(TopicPartition):
    """A topic's name on the broker, with the deployment's prefix, and a partition."""

    __slots__ = ()
    topic: str
    partition: int


TRANSACTION_TIMEOUT_MS = 15_000
"""Not the default 60 s: an owner that dies inside a transaction blocks readers for this long."""
TRANSACTION_BACKOFF_MS = 5
"""After a commit a produce may meet `NotEnoughReplicas`; the default 100 ms makes a p99 of 130 to 230 ms, this 36."""
BATCH_BYTES = 512 * 1024
"""Holds the largest row (256 KB) and stays below the broker's 1 MB for a batch."""
REQUEST_TIMEOUT_MS = 10_000
"""Below the 15 s of a commit: a connection that died silently is noticed while there is time to try again."""
FETCH_WAIT_MS = 100
"""A fetch that is waiting at a broker holds up partitions that are resumed meanwhile: at most for so long."""
FETCH_BYTES = 4 * 1024 * 1024
"""Of one partition at once; the client's default of 1 MB holds some 3,000 events, of which few are one person's."""
METADATA_MS = 30_000
"""Partitions that somebody added are noticed by then: not after the default 5 min."""
HEARTBEAT_MS = 1_000
"""A member learns of a rebalance with its next heartbeat: not after the default 3 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach a cluster, and the prefix of this deployment's topics."""

    bootstrap: str
    prefix: str = ""
    client_id: str = "tactful"
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    key_password: str | None = field(default=None, repr=False)

    def options(self) -> dict[str, Any]:
        """What every client of aiokafka is given."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap.split(","),
            "client_id": self.client_id,
            "security_protocol": self.security_protocol,
        }
        if (tls := self.tls()) is not None:
            options["ssl_context"] = tls
        if self.security_protocol.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": self.sasl_password,
            }
        return options

    def tls(self) -> ssl.SSLContext | None:
        """Whom we trust, and who we are to the brokers; None without TLS, OSError when a file cannot be used."""
        if self.security_protocol not in {"SSL", "SASL_SSL"}:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file is not None:
            # Never None: OpenSSL would ask on the terminal for the password of a key that has one.
            context.load_cert_chain(self.cert_file, self.key_file, self.key_password or "")
        return context


class _Listener(ConsumerRebalanceListener):
    """Hands a rebalance on as partition numbers."""

    def __init__(self, assigned: Callable[[set[int]], Any], revoked: Callable[[set[int]], Any]) -> None:
        self._assigned = assigned
        self._revoked = revoked

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> Any:
        return self._revoked({place.partition for place in revoked})

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> Any:
        return self._assigned({place.partition for place in assigned})


class Kafka:
    """Makes the clients of one deployment; whoever asks for one starts and stops it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._options = connection.options()
        quieten()

    def place(self, topic: str, partition: int) -> Place:
        """A partition of the topic that is called so without the prefix."""
        return Place(self.connection.prefix + topic, partition)

    def plain(self, name: str) -> str:
        """A topic's name without the prefix."""
        return name.removeprefix(self.connection.prefix)

    def consumer(self, *, committed: bool = True) -> Any:
        """A reader of its own, in no group; it knows only positions that it was given."""
        return AIOKafkaConsumer(
            **self._options,
            auto_offset_reset="none",
            enable_auto_commit=False,
            isolation_level="read_committed" if committed else "read_uncommitted",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )

    def member(self, group: str, *, instance: str | None, session_timeout_ms: int) -> Any:
        """A member of the group that shares out `topic`; it never commits by itself. Subscribe with `subscribe`."""
        return AIOKafkaConsumer(
            **self._options,
            group_id=group,
            group_instance_id=instance,
            auto_offset_reset="none",
            enable_auto_commit=False,
            isolation_level="read_committed",
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=min(HEARTBEAT_MS, session_timeout_ms // 3),
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
            metadata_max_age_ms=METADATA_MS,
            # aiokafka keeps what a member had on the class: two members in one process need a class each.
            partition_assignment_strategy=(type("Sticky", (StickyPartitionAssignor,), {}),),
        )

    def subscribe(
        self,
        member: Any,
        topic: str,
        *,
        assigned: Callable[[set[int]], Any],
        revoked: Callable[[set[int]], Any],
    ) -> None:
        """Take part in sharing out `topic`; the two are told of partition numbers."""
        member.subscribe([self.connection.prefix + topic], listener=_Listener(assigned, revoked))

    def producer(self, transactional_id: str | None = None) -> Any:
        """A producer whose records are counted only when all in-sync replicas have them, each once."""
        return AIOKafkaProducer(
            **self._options,
            acks="all",
            enable_idempotence=True,
            transactional_id=None if transactional_id is None else self.connection.prefix + transactional_id,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            retry_backoff_ms=100 if transactional_id is None else TRANSACTION_BACKOFF_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            max_batch_size=BATCH_BYTES,
        )

    def admin(self) -> Any:
        """Creates, describes and deletes topics."""
        return AIOKafkaAdminClient(**self._options, request_timeout_ms=30_000)


fetcher.MemoryRecords = lenient(MemoryRecords, _DefaultRecordBatchPy)
fetcher.ConsumerRecord = Fetched
AIOKafkaConnection.close = without_farewell(AIOKafkaConnection.close)


def added(batch: Any, record: NewRecord) -> bool:
    """Whether the record fitted into the batch; an empty one takes a record of any size."""
    headers = [(_writable(name), value) for name, value in record.headers] if record.headers else []
    written = batch.append(timestamp=record.timestamp_ms, key=record.key, value=record.value, headers=headers)
    return written is not None


def _writable(name: str) -> str:
    """A header's name as it came; bytes in it that are no UTF-8 can only be written as text."""
    return name if name.isascii() else name.encode(errors="surrogateescape").decode(errors="backslashreplace")


async def partition_count(consumer: Any, topic: str) -> int:
    """Over how many partitions a topic is spread; asking for all topics, since asking for one may create it."""
    known = await consumer._client.fetch_all_metadata()  # noqa: SLF001 - a consumer has no word for it
    partitions = known.partitions_for_topic(topic)
    if not partitions:
        raise UnknownTopicOrPartitionError(f"there is no topic {topic}: see `tactful topics check`")
    return len(partitions)


async def discard(producer: Any) -> None:
    """Be rid of a producer whose transaction is in doubt, without waiting for what it still wants to send.

    `stop` would flush first, which never ends while the broker does not answer; the next owner's producer
    ends the transaction.
    """
    producer._closed = True  # noqa: SLF001 - as `stop` does, but for the flush
    sender = producer._sender.sender_task  # noqa: SLF001 - nobody else can end it
    if sender is not None:
        sender.add_done_callback(look_at)
        # A sender that is cancelled waits for its requests, and those for connections that come back.
        for request in _requests(sender):
            request.cancel()
        sender.cancel()
        await asyncio.wait({sender}, timeout=5)
    await producer.client.close()
    for batches in producer._message_accumulator._batches.values():  # noqa: SLF001 - what it never sent
        for batch in batches:
            look_at(batch._drain_waiter)  # noqa: SLF001 - as above
    transaction = producer._txn_manager  # noqa: SLF001 - as above
    if (ended := transaction.wait_for_transaction_end()) is not None:
        look_at(ended)
        # Whoever waits for something in it is told: nothing else will end their wait.
        transaction.fatal_error(KafkaConnectionError("this producer was thrown away"))
        look_at(transaction.wait_for_transaction_end())


def _requests(sender: asyncio.Task[Any]) -> set[asyncio.Task[Any]]:
    """The tasks of a sender, which it keeps in a variable of its own and nowhere else."""
    frame = getattr(sender.get_coro(), "cr_frame", None)
    return set() if frame is None else set(frame.f_locals.get("tasks", ()))
