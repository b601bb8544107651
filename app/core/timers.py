"""The timer index: when each person is to be looked at next, derived from the rows and rebuilt from them."""

from __future__ import annotations

from datetime import datetime
from heapq import heapify, heappop, heappush

# Superseded entries are swept out when they are more than half of the heap, and more than this many.
_SWEEP_FROM = 1024


class Timers:
    """One time for each person. Setting and popping cost a heap's log n; a superseded entry is passed over when met."""

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
        elif self._at.get(user_id) != at:
            self._at[user_id] = at
            heappush(self._heap, (at, user_id))
        if len(self._heap) > _SWEEP_FROM and len(self._heap) > 2 * len(self._at):
            self._heap = [(when, user) for user, when in self._at.items()]
            heapify(self._heap)

    def next(self) -> datetime | None:
        """The earliest time of all."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: datetime) -> list[tuple[datetime, str]]:
        """The people whose time has come, with that time, earliest first; their entries are gone."""
        due: list[tuple[datetime, str]] = []
        while (at := self.next()) is not None and at <= now:
            due.append(heappop(self._heap))
            del self._at[due[-1][1]]
        return due
