"""What a row waits for, and the queue of those who are due but for whom there is no room yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from datetime import datetime
from heapq import heappop, heappush

from app.core import unread
from app.core.row import Row
from app.core.timers import Timers


def matures_at(row: Row) -> datetime | None:
    """When the person is next to be woken for a plan: an open one is due, or a maturity event did not come back."""
    return min((one.wake_at for one in row.intents.values() if one.status != "due"), default=None)


def looks_at(row: Row) -> datetime | None:
    """When the person is next to be woken for a reading, a held plan, or the end of an erasure's 30 days."""
    times = [one.wake_at for one in row.intents.values() if one.status == "due"]
    read_at = unread.read_at(row)
    if read_at is not None:
        times.append(read_at)
    if row.erased_until is not None:
        times.append(row.erased_until)
    return min(times, default=None)


class Waiting:
    """The timer index of a partition: plain wake-ups, and maturities, which are paced."""

    def __init__(self) -> None:
        self._looks = Timers()
        self._maturities = Timers()
        self._queue: list[tuple[datetime, str]] = []
        self._by_due: deque[tuple[datetime, str]] = deque()
        self._queued: dict[str, datetime] = {}
        self._expiries: dict[str, datetime] = {}

    def put(self, row: Row | None, user_id: str) -> None:
        """The person's row has changed: their times are taken anew; what is due again comes back at the next tick."""
        if self._queued:
            self._queued.pop(user_id, None)
        self._looks.put(user_id, None if row is None else looks_at(row))
        self._maturities.put(user_id, None if row is None else matures_at(row))
        if row is not None and row.intents:
            self._expiries[user_id] = min(one.expires_at for one in row.intents.values())
        else:
            self._expiries.pop(user_id, None)

    def due_looks(self, now: datetime) -> list[str]:
        """The people whose plain wake-up has come."""
        return [user_id for _, user_id in self._looks.pop_due(now)]

    def due_maturities(
        self, now: datetime, room: int, passed_over: Container[str], counted: Container[str]
    ) -> list[str]:
        """At most `room` people whose plans are due, the earliest expiry first; the others stay in the queue.

        Who is `counted` already needs no room: theirs is the one that a maturity event which was lost still holds.
        """
        again: list[str] = []
        for due_at, user_id in self._maturities.pop_due(now):
            if user_id in counted:
                again.append(user_id)
                continue
            self._by_due.append((due_at, user_id))
            expires_at = self._expiries.get(user_id, now)
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
    def oldest_due(self) -> datetime | None:
        """Since when the longest of those who wait for room has been due."""
        while self._by_due and self._by_due[0][1] not in self._queued:
            self._by_due.popleft()
        return self._by_due[0][0] if self._by_due else None

    def next(self) -> datetime | None:
        """The earliest time that is not in the queue yet."""
        times = [at for at in (self._looks.next(), self._maturities.next()) if at is not None]
        return min(times, default=None)
