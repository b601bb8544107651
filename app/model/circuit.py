"""The circuit breaker: a model that does not answer is left alone for a while, and costs no time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

OPENS_AFTER = 5
PAUSE = timedelta(seconds=30)
"""Longer than the limit of a request (25 s): whatever was sent before the opening has ended by then."""


@dataclass(slots=True)
class Circuit:
    """Opens after five requests in a row, of any people, that were not answered; time is passed in."""

    unanswered: int = 0
    opened_at: datetime | None = None
    """When it opened; it stays so through every failed trial, until one is answered."""
    retry_at: datetime | None = None
    trying: bool = False
    """The one request that an open circuit lets through is on its way."""

    @property
    def is_open(self) -> bool:
        """Whether the model is being left alone."""
        return self.opened_at is not None

    def open_for(self, now: datetime) -> timedelta:
        """How long nothing has been answered since it opened; zero while it is closed."""
        return now - self.opened_at if self.opened_at is not None else timedelta()

    def refuses(self, now: datetime) -> bool:
        """Whether a request at this time fails without being sent."""
        return self.retry_at is not None and (self.trying or now < self.retry_at)

    def sent(self) -> None:
        """A request goes out that was not refused; through an open circuit it is the trial."""
        self.trying = self.is_open

    def heard(self, *, answered: bool, now: datetime) -> None:
        """What came of a request that was sent.

        While it is open, only the trial counts: what else comes back was sent before.
        """
        if self.is_open and not self.trying:
            return
        self.trying = False
        if answered:
            self.unanswered, self.opened_at, self.retry_at = 0, None, None
            return
        self.unanswered += 1
        if self.unanswered >= OPENS_AFTER:
            self.opened_at = self.opened_at or now
            self.retry_at = now + PAUSE

    def given_up(self) -> None:
        """Nobody waits for a request any more: it says nothing about the model, and another trial may go."""
        self.trying = False
