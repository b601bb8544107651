"""One partition's commits as Kafka transactions: rows, records and the input's position, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from app.core.head import HEAD_KEY
from app.core.partition import Commit
from app.core.written import milliseconds
from app.drivers.clock import Clock
from app.drivers.kafka_client import Kafka, OffsetAndMetadata, Place, ProducerFenced, added, discard, look_at
from app.drivers.local_rows import LocalRows
from app.drivers.machine import CommitDoubt
from topics import TOPICS
from topics.murmur2 import partition_of
from topics.record import NewRecord
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

ONE_PARTITION = frozenset(topic.name for topic in TOPICS if topic.single_partition)
"""Topics that are not shared out: their records go to partition 0."""


# murmur2 costs some microseconds a key here, and one person's records come again and again.
_partition_of = lru_cache(maxsize=100_000)(partition_of)


class Fenced(CommitDoubt):
    """Another producer has taken this partition over.

    Operator action: none after a rebalance. If it repeats, two deployments work on the same topics: stop one of
    them, or give it a TACTFUL_TOPIC_PREFIX of its own.
    """


class TransactionLog:
    """The log of one partition; what it commits is fenced by its producer's transactional id."""

    def __init__(
        self,
        kafka: Kafka,
        number: int,
        *,
        partitions: int,
        group: str,
        producer: Any,
        rows: LocalRows,
        machine: Clock,
    ) -> None:
        """`producer` is started, and so has fenced whoever held this partition before; `machine` dates the rows."""
        self._kafka = kafka
        self._number = number
        self._partitions = partitions
        self._group = group
        self._producer = producer
        self._rows = rows
        self._machine = machine
        self._state = kafka.place(NUDGE_STATE.name, number)
        self._input = kafka.place(USER_EVENTS.name, number)
        self._may_begin = asyncio.Event()
        self._may_begin.set()
        self._ended = asyncio.Event()
        self._ended.set()
        self._broken = False

    async def commit(self, commit: Commit) -> None:
        """Return when the transaction is committed and the local copy has followed; anything else is doubt."""
        await self._may_begin.wait()
        if self._broken:
            raise CommitDoubt("the last transaction of this producer did not end: a new one must take over")
        self._ended.clear()
        self._broken = True
        try:
            rows = {**commit.rows, HEAD_KEY: msgspec.msgpack.encode(commit.head)}
            position = await self._transaction(commit, rows)
        except ProducerFenced as error:
            raise Fenced(f"another worker has taken over {self._state.topic}-{self._number}") from error
        else:
            self._rows.apply(rows, position)
            self._broken = False
        finally:
            self._ended.set()

    def hold(self) -> None:
        """Begin no transaction until `resume`; what is asked to be committed meanwhile waits."""
        self._may_begin.clear()

    def resume(self) -> None:
        """Transactions may begin again: after a rebalance the partition is still ours."""
        self._may_begin.set()

    async def ended(self) -> None:
        """Wait for the transaction in flight, if there is one."""
        await self._ended.wait()

    async def close(self) -> None:
        """Be rid of the producer; a transaction that is open is ended by the next owner's."""
        await discard(self._producer)

    async def _transaction(self, commit: Commit, rows: Mapping[str, bytes | None]) -> int:
        """Returns the changelog's position behind this commit's rows."""
        producer = self._producer
        batches = self._batches(commit, rows)
        await producer.begin_transaction()
        offsets = {self._input: OffsetAndMetadata(commit.head.next, "")}
        under_way: list[asyncio.Future[Any]] = []
        try:
            last = await self._send(batches, under_way)
            under_way.append(
                asyncio.ensure_future(producer.send_offsets_to_transaction(offsets, self._group))
            )
            # All of them first: aiokafka would commit a transaction of which a batch was refused.
            ended, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_EXCEPTION)
            for one in ended:
                one.result()
        finally:
            # Not cancelled: aiokafka would then have nobody to tell, and asyncio reports what nobody heard.
            for one in under_way:
                one.add_done_callback(look_at)
        await producer.commit_transaction()
        return int(last.result().offset) + int(batches[self._state][-1].record_count())

    async def _send(
        self, batches: Mapping[Place, Sequence[Any]], under_way: list[asyncio.Future[Any]]
    ) -> asyncio.Future[Any]:
        """Hand all batches over, and return the future of the changelog's last one.

        The first of each partition goes without a wait between: their partitions are added in one request.
        """
        last: asyncio.Future[Any] | None = None
        for turn in range(max(len(each) for each in batches.values())):
            for place, each in batches.items():
                if turn < len(each):
                    sent: asyncio.Future[Any] = await self._producer.send_batch(
                        each[turn], place.topic, partition=place.partition
                    )
                    under_way.append(sent)
                    last = sent if place == self._state else last
        if last is None:
            raise CommitDoubt("a commit without the partition's own row")
        return last

    def _batches(self, commit: Commit, rows: Mapping[str, bytes | None]) -> dict[Place, list[Any]]:
        """What is to be written: each partition's records in their order, in batches that a broker takes."""
        topic, now_ms = self._state.topic, milliseconds(self._machine.now())
        changelog: list[Any] = []
        for user_id, row in rows.items():
            self._add(changelog, NewRecord(topic, user_id.encode(), row, now_ms))
        batches: dict[Place, list[Any]] = {self._state: changelog}
        for record in commit.records:
            self._add(batches.setdefault(self._home(record), []), record)
        return batches

    def _add(self, batches: list[Any], record: NewRecord) -> None:
        if not batches or not added(batches[-1], record):
            batches.append(self._producer.create_batch())
            added(batches[-1], record)

    def _home(self, record: NewRecord) -> Place:
        """The partition that was named, or the key's: a forwarded record goes home to another one than ours."""
        partition = record.partition
        if partition is None:
            if record.topic in ONE_PARTITION:
                partition = 0
            elif record.key is None:
                partition = self._number
            else:
                partition = _partition_of(record.key, self._partitions)
        return self._kafka.place(record.topic, partition)
