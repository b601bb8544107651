"""Whether a request may be sent now: circuit, budget of the minute and slots, for every driver alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from app.core.asks import Failed, Reply
from app.model.circuit import Circuit
from app.model.minute import Minute

SLOTS = 16
CALLS_PER_MINUTE = 600


@dataclass(slots=True)
class Admission:
    """An admitted request is ended by exactly one `record` or `give_up`; a refused one by neither."""

    minute: Minute = field(default_factory=lambda: Minute(CALLS_PER_MINUTE))
    circuit: Circuit = field(default_factory=Circuit)
    slots: int = SLOTS
    in_flight: int = 0

    @property
    def has_slot(self) -> bool:
        """Whether one more request may be on its way; who waits for a slot asks this before `admit`."""
        return self.in_flight < self.slots

    def admit(self, now: datetime) -> Failed | None:
        """None: send it. Otherwise why it fails at once, with nothing sent and no time spent."""
        if self.circuit.refuses(now):
            return "unreachable"
        if not self.minute.left(now):
            return "budget"
        self.circuit.sent()
        self.minute.reserve()
        self.in_flight += 1
        return None

    def record(self, reply: Reply, now: datetime) -> None:
        """What came of an admitted request."""
        answered = reply.answered
        self.in_flight -= 1
        self.minute.release(answered=answered, now=now)
        self.circuit.heard(answered=answered, now=now)

    def give_up(self, now: datetime) -> None:
        """An admitted request was cancelled: its pass has ended without it."""
        self.in_flight -= 1
        self.minute.release(answered=False, now=now)
        self.circuit.given_up()
