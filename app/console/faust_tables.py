"""The Faust application: five topics folded into one table, kept in RocksDB, each partition on one console."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import faust
from yarl import URL

from app.console.changelog import MAX_BYTES, ensure
from app.console.faust_reading import credentials, read_committed
from app.console.person_row import FOLLOWED
from app.console.projection import project, swept
from app.drivers.kafka_client import Kafka
from topics.record import Record

log = logging.getLogger("tactful.console")

GROUP = "tactful-console"
TABLE = "people"
SWEEP_S = 1.0
SWEPT_AT_ONCE = 100
"""A hundred thousand people are looked at in a quarter of an hour, for some milliseconds of each second."""
_STORE = {
    # Per partition; Faust's own 2 GB cache and 64 MB buffers are for one table on a machine of its own.
    "block_cache_size": 16 * 1024 * 1024,
    "write_buffer_size": 8 * 1024 * 1024,
    "target_file_size_base": 16 * 1024 * 1024,
    "max_open_files": 256,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a console on Kafka is made of."""

    kafka: Kafka
    partitions: int
    folder: Path
    url: str
    """Where other consoles reach this one."""
    keep: timedelta
    session_timeout: timedelta = timedelta(seconds=10)
    """After this long without a sign of life a console's part goes to the others."""

    @property
    def name(self) -> str:
        """The consumer group, and what the changelog's name begins with: one for all that read these topics."""
        return f"{self.kafka.connection.prefix}{GROUP}"


class Tables:
    """The application's life, its table, and where everybody else's part of the table is."""

    def __init__(self, settled: Settled) -> None:
        self.settled = settled
        self._swept_at: dict[int, float] = {}
        self._cursors: dict[int, bytes | None] = {}
        self.failures = 0
        """Records that could not be folded: a defect."""
        connection = settled.kafka.connection
        brokers = [URL(f"aiokafka://{server}") for server in connection.bootstrap.split(",")]
        # Faust's own types know only half of what it has.
        self.app: Any = faust.App(
            settled.name,
            broker=brokers,
            broker_credentials=credentials(connection),
            broker_client_id=f"{connection.client_id}-console",
            # Without a bound one fetch of Faust's is all that there is.
            broker_max_poll_records=500,
            broker_session_timeout=settled.session_timeout.total_seconds(),
            broker_request_timeout=20.0,
            broker_heartbeat_interval=1.0,
            broker_commit_interval=1.0,
            consumer_auto_offset_reset="earliest",
            producer_max_request_size=MAX_BYTES,
            canonical_url=settled.url,
            web_enabled=False,
            store="rocksdb://",
            datadir=str(settled.folder),
            tabledir=str(settled.folder / "tables"),
            topic_disable_leader=True,
            topic_partitions=settled.partitions,
            table_standby_replicas=0,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
            autodiscover=False,
        )
        read_committed(self.app, brokers)
        self.table: Any = self.app.Table(
            TABLE,
            partitions=settled.partitions,
            key_type=bytes,
            value_type=bytes,
            options=dict(_STORE),
        )
        names = [settled.kafka.place(topic, 0).topic for topic in FOLLOWED]
        followed = self.app.topic(
            *names,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
            allow_empty=True,
            internal=False,
        )
        self.app.agent(followed, name="console")(self._fold)

    async def start(self) -> None:
        """Join the group; what it has to restore is restored while this console answers already."""
        settled = self.settled
        changelog = self.table.changelog_topic_name
        await ensure(settled.kafka, changelog, partitions=settled.partitions)
        await self.app.start()

    async def stop(self) -> None:
        await self.app.stop()

    @property
    def ended(self) -> str:
        """Why it can no longer go on; empty while it can."""
        reason = self.app.crash_reason
        if reason is not None:
            return f"{type(reason).__name__}: {reason}"
        return "Faust has stopped" if self.app.should_stop else ""

    def shelf(self, partition: int) -> TablePart | None:
        """This console's own part of the table; None when another console has it, or nobody yet."""
        if self.app.rebalancing or partition not in self.active:
            return None
        database = self.table.data._dbs.get(partition)  # noqa: SLF001 - by key alone Faust looks through all of them
        return None if database is None else TablePart(self.table, database)

    @property
    def active(self) -> frozenset[int]:
        """The partitions that are this console's."""
        changelog = self.table.changelog_topic_name
        return frozenset(tp.partition for tp in self.app.assignor.assigned_actives() if tp.topic == changelog)

    @property
    def restoring(self) -> int:
        """Records of the changelog that are still to be read back; 0 when it is restored."""
        recovery = self.app.tables.recovery
        if not self.app.in_recovery and recovery.completed.is_set():
            return 0
        return max(int(recovery.active_remaining_total()), 1)

    @property
    def homes(self) -> Mapping[int, str]:
        """Which console has which partition, as the group knows."""
        found = self.app.assignor.table_metadata(self.table.changelog_topic_name)
        changelog = self.table.changelog_topic_name
        return {
            partition: str(url) for url, topics in found.items() for partition in topics.get(changelog, ())
        }

    async def compact(self) -> None:
        """Let RocksDB drop from its files what rows no longer hold: it would keep it until it rewrites them anyhow."""
        for number in self.active:
            database = self.table.data._dbs.get(number)  # noqa: SLF001 - Faust has no word for it
            if database is not None:
                await asyncio.to_thread(database.compact_range, None, None)

    async def behind(self, partition: int, ends: Mapping[Any, int]) -> int:
        """Records of this partition that were committed and are not folded yet."""
        left, consumer = 0, self.app.consumer
        for place, end in ends.items():
            if place.partition == partition:
                left += max(0, end - int(await consumer.position(place) or 0))
        waiting = consumer._unacked_messages  # noqa: SLF001 - what was fetched, and is with the agent
        return left + sum(int(each.partition == partition) for each in waiting)

    async def _fold(self, stream: Any) -> None:
        """Each record in its turn. One that cannot be folded is told, and the next one is taken."""
        kafka, settled = self.settled.kafka, self.settled
        async for event in stream.events():
            message = event.message
            record = Record(
                kafka.plain(message.topic),
                message.partition,
                message.offset,
                message.key,
                message.value,
                int((message.timestamp or 0) * 1000),
                _headers(message.headers),
            )
            shelf = Writing(self.table)
            try:
                project(shelf, record, partitions=settled.partitions, keep=settled.keep)
            except Exception as error:
                self.failures += 1
                log.exception(
                    "%s-%d@%d cannot be shown, by a defect (%s): it is left out",
                    record.topic,
                    record.partition,
                    record.offset,
                    type(error).__name__,
                )
            self._sweep(record)
            await asyncio.sleep(0)

    def _sweep(self, record: Record) -> None:
        """Look at some rows in turn, whether something in them is too old: only here Faust lets a table be written."""
        number, shelf = record.partition, Writing(self.table)
        if time.monotonic() - self._swept_at.get(number, 0.0) < SWEEP_S:
            return
        self._swept_at[number] = time.monotonic()
        oldest = record.timestamp_ms - self.settled.keep // timedelta(milliseconds=1)
        database = self.table.data._dbs.get(number)  # noqa: SLF001 - Faust hands out all partitions' rows only
        if database is None:
            return
        rows = list(islice(database.items(from_key=self._cursors.get(number)), SWEPT_AT_ONCE))
        self._cursors[number] = rows[-1][0] if len(rows) == SWEPT_AT_ONCE else None
        for key, value in rows:
            if key == self.table.data.offset_key:
                continue
            kept = swept(key, value, oldest)
            if kept is None:
                shelf.delete(key)
            elif kept is not value:
                shelf.put(key, kept)


class Writing:
    """See Shelf: the part of the table that the record at hand belongs to, as Faust knows by itself."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def get(self, key: bytes) -> bytes | None:
        found: bytes | None = self._table.get(key)
        return found

    def put(self, key: bytes, value: bytes) -> None:
        self._table[key] = value

    def delete(self, key: bytes) -> None:
        self._table.pop(key, None)


class TablePart:
    """See Shelf: one partition, to be read only."""

    def __init__(self, table: Any, database: Any) -> None:
        self._table = table
        self._database = database

    def get(self, key: bytes) -> bytes | None:
        found: bytes | None = self._database.get(key)
        return found

    def rows(self, begin: bytes) -> Iterator[tuple[bytes, bytes]]:
        """As of now, from a key on, in order."""
        found: Iterator[tuple[bytes, bytes]] = self._database.items(from_key=begin)
        return found

    def put(self, key: bytes, value: bytes) -> None:
        raise NotImplementedError

    def delete(self, key: bytes) -> None:
        raise NotImplementedError


def _headers(raw: Any) -> tuple[tuple[str, bytes], ...]:
    pairs = raw.items() if isinstance(raw, Mapping) else raw or ()
    return tuple((str(name), value or b"") for name, value in pairs)
