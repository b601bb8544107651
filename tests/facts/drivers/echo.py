"""The smallest machine: it commits what it was told, after asking where the record says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from app.core.asks import Ask, ComposeAnswer, Judge, Reply
from app.core.backlog import UNDECIDED_LIMIT
from app.core.head import HEAD_KEY
from app.core.partition import Commit, Head, PendingAsk
from app.core.tally import Tally
from topics.record import NewRecord, Record

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PASS_SECONDS = 60


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def said(user: str, value: str, offset: int = 0) -> Record:
    """`plain` is decided at once, `ask` after a reply, `at N` when it is woken N seconds after noon."""
    return Record("user-events", 0, offset, user.encode(), value.encode(), int(NOON.timestamp() * 1000))


def question(user: str) -> Ask:
    return Ask(user_id=user, question=Judge(agent="a", subject="s", facts={}, text=""), attempt=1)


GOOD = Reply(answer=ComposeAnswer(text="good"))


class Echo:
    """Rows are what was decided for a person, joined by commas; what waits for an answer is unfinished."""

    def __init__(self, head: Head | None = None, rows: dict[str, bytes] | None = None) -> None:
        self.head = head or Head()
        self.rows = dict(rows or {})
        self.decided: list[tuple[str, str]] = []
        self.waiting: dict[int, tuple[str, datetime]] = {}
        self.timers: list[tuple[datetime, str]] = []
        self.paused: frozenset[str] = frozenset()
        self.ticks: list[tuple[datetime, int]] = []
        self.woken = 0
        self.queued_since: datetime | None = None
        self._asks: list[PendingAsk] = []
        self._dropped: list[int] = []
        self._number = 0
        self._in_flight = False
        self._next = max(self.head.next, self.head.high + 1)

    def restore_timers(self, rows: Iterable[tuple[str, bytes]]) -> None:
        self.rows |= {user_id: row for user_id, row in rows if user_id != HEAD_KEY}

    def receive(self, records: Sequence[Record], now: datetime) -> None:
        for record in records:
            known = record.offset <= self.head.high and record.offset not in self.head.unfinished
            if known or record.offset < self.head.next:
                continue
            self._next = max(self._next, record.offset + 1)
            user, value = (record.key or b"").decode(), (record.value or b"").decode()
            if value == "defect":
                message = "a defect in the machine"
                raise RuntimeError(message)
            if value == "ask":
                ask_id = record.offset
                self.waiting[ask_id] = (user, now + timedelta(seconds=PASS_SECONDS))
                self._asks.append(PendingAsk(ask_id, question(user), self.waiting[ask_id][1]))
            elif value.startswith("at "):
                self.timers.append((after(float(value[3:])), user))
            else:
                self.decided.append((user, value))

    def positioned(self, position: int) -> None:
        self._next = max(self._next, position)

    def tick(self, now: datetime, room: int) -> None:
        self.ticks.append((now, room))
        for ask_id, (user, deadline) in list(self.waiting.items()):
            if deadline <= now:
                del self.waiting[ask_id]
                self._dropped.append(ask_id)
                self.decided.append((user, "unanswered"))
        for due, user in sorted(self.timers)[:room]:
            if due <= now:
                self.timers.remove((due, user))
                self.woken += 1
                self.decided.append((user, "woken"))

    def answer(self, ask_id: int, reply: Reply, now: datetime) -> None:
        if ask_id in self.waiting:
            user, _ = self.waiting.pop(ask_id)
            self.decided.append((user, reply.failed or "answered"))

    def controls(self, paused: frozenset[str]) -> None:
        self.paused = paused

    def take_asks(self) -> list[PendingAsk]:
        asks, self._asks = self._asks, []
        return asks

    def dropped_asks(self) -> list[int]:
        dropped, self._dropped = self._dropped, []
        return dropped

    @property
    def has_work(self) -> bool:
        return bool(self.decided) and not self._in_flight

    def take_commit(self) -> Commit | None:
        if not self.has_work:
            return None
        rows: dict[str, bytes | None] = {}
        for user, word in self.decided:
            before = self.rows.get(user)
            self.rows[user] = before + b"," + word.encode() if before else word.encode()
            rows[user] = self.rows[user]
        records = [NewRecord("nudge-outcome", user.encode(), word.encode(), 0) for user, word in self.decided]
        self.decided = []
        self._number += 1
        self._in_flight = True
        waiting = tuple(sorted(self.waiting))
        head = Head(next=min(waiting, default=self._next), high=self._next - 1, unfinished=waiting)
        return Commit(number=self._number, rows=rows, head=head, records=records)

    def committed(self, number: int) -> None:
        assert number == self._number
        self._in_flight = False
        self.woken = 0

    def next_wake(self) -> datetime | None:
        return min([due for due, _ in self.timers] + [end for _, end in self.waiting.values()], default=None)

    @property
    def undecided(self) -> int:
        return len(self.waiting) + len(self.decided)

    @property
    def fullness(self) -> float:
        return self.undecided / UNDECIDED_LIMIT

    def take_tally(self) -> Tally:
        return Tally()
