"""How fast a show goes on: what is left of its time, shared among what is left of it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Shares a show's time; where the world itself took long, what is left is shared the faster."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Its time begins with the first share: until then nobody has seen anything."""
        self._seconds = seconds
        self._clock = clock
        self._ends: float | None = None
        self._left = 1

    def expect(self, looks: int) -> None:
        """So many shares will be asked for."""
        self._left = looks

    def share(self) -> float:
        """Seconds for the next look."""
        now = self._clock()
        if self._ends is None:
            self._ends = now + self._seconds
        left, self._left = max(1, self._left), self._left - 1
        return max(0.0, (self._ends - now) / left)
