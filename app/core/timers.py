"""The timer index: when each person is to be looked at next, derived from the rows and rebuilt from them."""

from __future__ import annotations

from datetime import datetime
from heapq import heapify, heappop, heappush, heapreplace

# Superseded entries are swept out when they are more than half of the heap, and more than this many.
_SWEEP_FROM = 1024


Entry = tuple[datetime, str, datetime | None]
"""When, who, and when that which waits expires; the heap and the table share it."""


class Timers:
    """One time for each person. A time that is put off costs no more than a look: its entry is moved when it is met.

    Every person with a time has an entry in the heap that is not after it; the others there are superseded.
    """

    __slots__ = ("_heap", "_of")

    def __init__(self) -> None:
        self._of: dict[str, Entry] = {}
        self._heap: list[Entry] = []

    def __len__(self) -> int:
        return len(self._of)

    def put(self, user_id: str, at: datetime | None, expires_at: datetime | None = None) -> None:
        """The person's next time; None: nothing waits."""
        if at is None:
            self._of.pop(user_id, None)
            return
        before = self._of.get(user_id)
        entry = self._of[user_id] = (at, user_id, expires_at)
        if before is not None and before[0] <= at:
            return
        heappush(self._heap, entry)
        if len(self._heap) > _SWEEP_FROM and len(self._heap) > 2 * len(self._of):
            self._heap = list(self._of.values())
            heapify(self._heap)

    def next(self) -> datetime | None:
        """The earliest time of all."""
        while self._heap:
            stands = self._heap[0]
            entry = self._of.get(stands[1])
            if entry is stands:
                return entry[0]
            if entry is None or entry[0] < stands[0]:
                heappop(self._heap)
            else:
                heapreplace(self._heap, entry)
        return None

    def pop_due(self, now: datetime, most: int | None = None) -> list[Entry]:
        """The entries of people whose time has come, earliest first (at most so many); they are gone."""
        due: list[Entry] = []
        while (most is None or len(due) < most) and (at := self.next()) is not None and at <= now:
            due.append(heappop(self._heap))
            del self._of[due[-1][1]]
        return due
