"""The timer index: when each person is to be looked at next, derived from the rows and rebuilt from them."""

from __future__ import annotations

from datetime import datetime
from heapq import heapify, heappop, heappush, heapreplace

# Superseded entries are swept out when they are more than half of the heap, and more than this many.
_SWEEP_FROM = 1024


class Timers:
    """One time for each person. A time that is put off costs no more than a look: its entry is moved when it is met.

    Every person with a time has an entry in the heap that is not after it; the others there are superseded.
    """

    __slots__ = ("_at", "_heap")

    def __init__(self) -> None:
        self._at: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._at)

    def put(self, user_id: str, at: datetime | None) -> None:
        """The person's next time; None: nothing waits."""
        if at is None:
            self._at.pop(user_id, None)
            return
        before = self._at.get(user_id)
        self._at[user_id] = at
        if before is not None and before <= at:
            return
        heappush(self._heap, (at, user_id))
        if len(self._heap) > _SWEEP_FROM and len(self._heap) > 2 * len(self._at):
            self._heap = [(when, user) for user, when in self._at.items()]
            heapify(self._heap)

    def next(self) -> datetime | None:
        """The earliest time of all."""
        while self._heap:
            stands_at, user_id = self._heap[0]
            at = self._at.get(user_id)
            if at == stands_at:
                return at
            if at is None or at < stands_at:
                heappop(self._heap)
            else:
                heapreplace(self._heap, (at, user_id))
        return None

    def pop_due(self, now: datetime, most: int | None = None) -> list[tuple[datetime, str]]:
        """The people whose time has come, with that time, earliest first (at most so many); their entries are gone."""
        due: list[tuple[datetime, str]] = []
        while (most is None or len(due) < most) and (at := self.next()) is not None and at <= now:
            due.append(heappop(self._heap))
            del self._at[due[-1][1]]
        return due
