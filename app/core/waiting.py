"""What a row waits for, and the queue of those who are due but for whom there is no room yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from datetime import datetime, timedelta
from heapq import heappop, heappush

from app.core import unread
from app.core.glance import Glance
from app.core.row import Row
from app.core.tally import Tally
from app.core.timers import Timers

Times = tuple[datetime | None, datetime | None, datetime | None]
"""What a row waits for, each None when for nothing of the kind: a look (at a reading, a held plan, or the end of an
erasure's 30 days), a maturity (an open plan is due, or a maturity event did not come back), the earliest expiry."""


def times_of(row: Row | Glance) -> Times:
    """All of them in one look at the plans: this is asked after nearly every event."""
    looks = unread.read_at(row) if row.unread else None
    if row.erased_until is not None and (looks is None or row.erased_until < looks):
        looks = row.erased_until
    matures = expires = None
    for intent in row.intents.values():
        wake_at = intent.wake_at
        if intent.status == "due":
            if looks is None or wake_at < looks:
                looks = wake_at
        elif matures is None or wake_at < matures:
            matures = wake_at
        if expires is None or intent.expires_at < expires:
            expires = intent.expires_at
    return looks, matures, expires


def waits_alike(before: Row, after: Row) -> bool:
    """Whether nothing has changed that a row waits for: what was not replaced is the same object."""
    return (
        before.intents is after.intents
        and before.unread is after.unread
        and before.debt is after.debt
        and before.erased_until is after.erased_until
    )


_NOTHING: Times = (None, None, None)
LOOK_AGAIN = timedelta(seconds=1)
"""When to ask again for those for whom there was no room."""


class Waiting:
    """The timer index of a partition: plain wake-ups, and maturities, which are paced."""

    def __init__(self) -> None:
        self._looks = Timers()
        self._maturities = Timers()
        self._queue: list[tuple[datetime, str]] = []
        self._by_due: deque[tuple[datetime, str]] = deque()
        self._queued: dict[str, datetime] = {}
        self._looked_at: datetime | None = None

    def put(self, row: Row | None, user_id: str) -> None:
        """The person's row has changed: their times are taken anew; what is due again comes back at the next tick."""
        if self._queued:
            self._queued.pop(user_id, None)
        looks, matures, expires = _NOTHING if row is None else times_of(row)
        self._looks.put(user_id, looks)
        self._maturities.put(user_id, matures, expires)

    def restored(self, row: Glance, user_id: str) -> None:
        """The row of somebody of whom nothing is known yet: what it waits for, and no more work than that."""
        looks, matures, expires = times_of(row)
        if looks is not None:
            self._looks.put(user_id, looks)
        if matures is not None:
            self._maturities.put(user_id, matures, expires)

    def due_looks(self, now: datetime, room: int) -> list[str]:
        """At most `room` people whose plain wake-up has come, the longest due first."""
        return [user_id for _, user_id, _ in self._looks.pop_due(now, room)]

    def due_maturities(
        self, now: datetime, room: int, passed_over: Container[str], counted: Container[str]
    ) -> list[str]:
        """At most `room` people whose plans are due, the earliest expiry first; the others stay in the queue.

        Who is `counted` already needs no room: theirs is the one that a maturity event which was lost still holds.
        """
        self._looked_at = now
        again: list[str] = []
        for due_at, user_id, expires in self._maturities.pop_due(now):
            if user_id in counted:
                again.append(user_id)
                continue
            self._by_due.append((due_at, user_id))
            expires_at = expires or now
            self._queued[user_id] = expires_at
            heappush(self._queue, (expires_at, user_id))
        woken: list[str] = []
        while self._queue and len(woken) < room:
            expires_at, user_id = heappop(self._queue)
            if self._queued.get(user_id) == expires_at:
                del self._queued[user_id]
                if user_id not in passed_over:
                    woken.append(user_id)
        return [*(user_id for user_id in again if user_id not in passed_over), *woken]

    @property
    def queued(self) -> int:
        """People who are due and wait for room."""
        return len(self._queued)

    @property
    def again(self) -> datetime | None:
        """When to look at the queue again; None while it is empty."""
        return self._looked_at + LOOK_AGAIN if self._queued and self._looked_at else None

    @property
    def oldest_due(self) -> datetime | None:
        """Since when the longest of those who wait for room has been due."""
        while self._by_due and self._by_due[0][1] not in self._queued:
            self._by_due.popleft()
        return self._by_due[0][0] if self._by_due else None

    def report(self, tally: Tally) -> None:
        """How many wait for room, and since when."""
        oldest = self.oldest_due
        tally.gauge("tactful_overdue_intents", self.queued)
        tally.gauge("tactful_oldest_overdue_due_timestamp_seconds", oldest.timestamp() if oldest else 0.0)

    def next(self) -> datetime | None:
        """The earliest time that is not in the queue yet."""
        times = [at for at in (self._looks.next(), self._maturities.next()) if at is not None]
        return min(times, default=None)
