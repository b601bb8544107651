"""The embedded log: every topic and every row in one RocksDB folder, for one machine without a broker.

One synced write batch is one transaction, so a commit is durable as a whole or not at all.
Everything is partition 0. Nothing is deleted: retention is the broker's, and this folder has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.core.head import HEAD_KEY, Head
from app.drivers.rocks import Batch, Store, StoreError
from topics.record import Headers, NewRecord, Record
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

if TYPE_CHECKING:
    from app.core.partition import Commit

LAYOUT = b"1"
"""How keys and values are laid out in the folder; rises when that changes."""
AHEAD_AT_MOST = timedelta(minutes=5)
"""As `message.timestamp.after.max.ms` of `user-events` on a broker."""
BYTES_AT_ONCE = 1024 * 1024
"""As much as a broker hands out of a partition at once: 2,000 events of the largest size would be half a gigabyte."""

_LAYOUT_KEY = b"mlayout"
_HEAD_KEY = b"mhead"
_ROW = b"r"
_TOPIC = b"t"
_OFFSET_BYTES = 8


class ClockAheadError(Exception):
    """A record's timestamp is more than 5 min ahead of the log's clock.

    Operator action: set the clock of the service that wrote it; sending it again as it is does not help.
    """


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Headers = ()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Stored)


class EmbeddedLog:
    """Topics by name, each a sequence of records from offset 0 on, and the latest row of each person."""

    def __init__(self, path: Path) -> None:
        """Open the folder, or make it; see StoreLocked and StoreCorrupt."""
        self.path = path
        self._store = Store(path)
        self._ends: dict[str, int] = {}
        self._grown = asyncio.Event()
        layout = self._store.get(_LAYOUT_KEY)
        if layout is None:
            self._store.put(_LAYOUT_KEY, LAYOUT, sync=True)
        elif layout != LAYOUT:
            self._store.close()
            message = f"{path} was written by another version (layout {layout.decode()}): run that one"
            raise StoreError(message)

    # Records

    def end(self, topic: str = USER_EVENTS.name) -> int:
        """The offset that the topic's next record will have."""
        if topic not in self._ends:
            last = self._store.last(_topic(topic))
            self._ends[topic] = 0 if last is None else int.from_bytes(last[0][-_OFFSET_BYTES:]) + 1
        return self._ends[topic]

    def append(self, records: Sequence[NewRecord], *, now: datetime) -> list[int]:
        """Make these durable, all or none, and return their offsets; `now` is the log's clock."""
        latest = (now + AHEAD_AT_MOST).timestamp() * 1000
        for record in records:
            if record.timestamp_ms > latest:
                message = (
                    f"a record for {record.topic} is dated more than {AHEAD_AT_MOST.seconds // 60} min ahead "
                    f"of {now.isoformat()}: check the clock of the service that wrote it"
                )
                raise ClockAheadError(message)
        batch = Batch()
        offsets = self._add(batch, records)
        self._write(batch, records)
        return offsets

    def read_topic(self, topic: str, from_offset: int = 0) -> Iterator[Record]:
        """All records of a topic from an offset on; `nudge-state` has each person's present row."""
        if topic == NUDGE_STATE.name:
            for n, (user, row) in enumerate(self.rows()):
                if n >= from_offset:
                    yield Record(topic, 0, n, user.encode(), row, 0)
            return
        prefix = _topic(topic)
        for key, value in self._store.scan(prefix, from_offset.to_bytes(_OFFSET_BYTES)):
            stored = _decoder.decode(value)
            offset = int.from_bytes(key[-_OFFSET_BYTES:])
            yield Record(topic, 0, offset, stored.key, stored.value, stored.timestamp_ms, stored.headers)

    def read_from(self, offset: int, limit: int) -> list[Record]:
        """Up to `limit` records of `user-events`, and no more once they have BYTES_AT_ONCE."""
        found, size = [], 0
        for record in islice(self.read_topic(USER_EVENTS.name, offset), limit):
            found.append(record)
            size += len(record.value or b"")
            if size >= BYTES_AT_ONCE:
                break
        return found

    async def grown(self, beyond: int, topic: str = USER_EVENTS.name) -> None:
        """Wait until the topic's end lies beyond this offset."""
        while self.end(topic) <= beyond:
            await self._grown.wait()

    # What was decided

    async def commit(self, commit: Commit) -> None:
        """Rows, head and records in one synced batch; on `user-events` they are read back in their turn.

        The write holds the event loop for the disk's sync: there is never one in flight that a successor
        could overlook.
        """
        batch = Batch()
        for user, row in commit.rows.items():
            if user == HEAD_KEY:
                continue
            if row is None:
                batch.delete(_ROW + user.encode())
            else:
                batch.put(_ROW + user.encode(), row)
        batch.put(_HEAD_KEY, msgspec.msgpack.encode(commit.head))
        self._add(batch, commit.records)
        self._write(batch, commit.records)

    def head(self) -> Head:
        """Where the decisions stand; a new folder begins at the beginning."""
        head = self._store.get(_HEAD_KEY)
        return Head() if head is None else msgspec.msgpack.decode(head, type=Head)

    def row(self, user: str) -> bytes | None:
        """What was last committed for a person."""
        return self._store.get(_ROW + user.encode())

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """All people's rows."""
        for key, row in self._store.scan(_ROW):
            yield key[len(_ROW) :].decode(), row

    def close(self) -> None:
        """Give the folder back."""
        self._store.close()

    def _add(self, batch: Batch, records: Sequence[NewRecord]) -> list[int]:
        ends: dict[str, int] = {}
        offsets = []
        for record in records:
            offset = ends.get(record.topic, self.end(record.topic))
            ends[record.topic] = offset + 1
            stored = _Stored(record.key, record.value, record.timestamp_ms, record.headers)
            batch.put(_topic(record.topic) + offset.to_bytes(_OFFSET_BYTES), _encoder.encode(stored))
            offsets.append(offset)
        return offsets

    def _write(self, batch: Batch, records: Sequence[NewRecord]) -> None:
        try:
            self._store.write(batch, sync=True)
        finally:
            # After a failed write nobody knows: the ends are read from the store again.
            for topic in {record.topic for record in records}:
                self._ends.pop(topic, None)
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


def _topic(name: str) -> bytes:
    return _TOPIC + name.encode() + b"\x00"
