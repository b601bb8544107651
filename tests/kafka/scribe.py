"""A machine small enough to see through: it counts each person's events and writes one outcome for each event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from app.core.asks import Reply
from app.core.backlog import UNDECIDED_LIMIT
from app.core.head import HEAD_KEY, Head
from app.core.partition import Commit, PendingAsk
from app.core.tally import Tally
from topics.record import NewRecord, Record

AGAIN = b"again"
"""An event by which the machine writes another one to the person's own log, as maturity does."""


class Scribe:
    """A row is the number of a person's events; an outcome's value is `partition@offset` of its event."""

    def __init__(self, number: int, head: Head, rows: Callable[[str], bytes | None]) -> None:
        self.number = number
        self.head = head
        self.rows = rows
        self.restored: dict[str, bytes] = {}
        self.paused: frozenset[str] = frozenset()
        self.woken = 0
        self.queued_since: datetime | None = None
        self._overlay: dict[str, bytes] = {}
        self._touched: set[str] = set()
        self._records: list[NewRecord] = []
        self._next = head.next
        self._number = 0
        self._in_flight = False

    def restore_timers(self, rows: Iterable[tuple[str, bytes]]) -> None:
        self.restored |= {user_id: row for user_id, row in rows if user_id != HEAD_KEY}

    def receive(self, records: Sequence[Record], now: datetime) -> None:
        for record in records:
            if record.offset < self._next:
                continue
            self._next = record.offset + 1
            user = (record.key or b"").decode()
            before = self._overlay.get(user) or self.rows(user) or b"0"
            self._overlay[user] = b"%d" % (int(before) + 1)
            self._touched.add(user)
            place = f"{self.number}@{record.offset}".encode()
            self._write("nudge-outcome", record.key, place, record.timestamp_ms)
            if record.value == AGAIN:
                self._write("user-events", record.key, b"once more", record.timestamp_ms)

    def _write(self, topic: str, key: bytes | None, value: bytes, timestamp_ms: int) -> None:
        self._records.append(
            NewRecord(topic, key, value, timestamp_ms, (("by", b"scribe"),), partition=self.number)
        )

    def positioned(self, position: int) -> None:
        self._next = max(self._next, position)

    def tick(self, now: datetime, room: int) -> None: ...

    def answer(self, ask_id: int, reply: Reply, now: datetime) -> None: ...

    def controls(self, paused: frozenset[str]) -> None:
        self.paused = paused

    def take_asks(self) -> list[PendingAsk]:
        return []

    def dropped_asks(self) -> list[int]:
        return []

    @property
    def has_work(self) -> bool:
        return bool(self._touched) and not self._in_flight

    def take_commit(self) -> Commit | None:
        if not self.has_work:
            return None
        self._number += 1
        self._in_flight = True
        commit = Commit(
            number=self._number,
            rows={user: self._overlay[user] for user in self._touched},
            head=Head(next=self._next, high=self._next - 1, partitions=self.head.partitions),
            records=tuple(self._records),
        )
        self._touched, self._records = set(), []
        return commit

    def committed(self, number: int) -> None:
        assert number == self._number
        self._in_flight = False

    def next_wake(self) -> datetime | None:
        return None

    @property
    def undecided(self) -> int:
        return len(self._touched)

    @property
    def fullness(self) -> float:
        return self.undecided / UNDECIDED_LIMIT

    def take_tally(self) -> Tally:
        return Tally()
