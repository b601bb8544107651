"""The worker's budget of answered requests, over any sixty seconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

SPAN = timedelta(seconds=60)


@dataclass(slots=True)
class Minute:
    """Answered requests of the last sixty seconds; one on its way holds its place until it has ended."""

    limit: int
    in_flight: int = 0
    answered: deque[datetime] = field(default_factory=deque)

    def left(self, now: datetime) -> int:
        """How many requests may still be sent at this time."""
        while self.answered and self.answered[0] <= now - SPAN:
            self.answered.popleft()
        while (
            self.answered and self.answered[-1] > now
        ):  # the clock was set back: don't starve until it catches up
            self.answered.pop()
        return max(0, self.limit - self.in_flight - len(self.answered))

    def reserve(self) -> None:
        """A request goes out."""
        self.in_flight += 1

    def release(self, *, answered: bool, now: datetime) -> None:
        """A request has ended; an unanswered one costs nothing."""
        self.in_flight -= 1
        if answered:
            self.answered.append(now)
