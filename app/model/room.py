"""How many people may be woken for maturity: a crowd waits in the timer index, not in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.model.admission import Admission

PEOPLE_PER_SLOT = 2
WITHOUT_A_MODEL = 2_000
"""With no model to wait for, this many people per commit."""
AWAY_AFTER = timedelta(minutes=5)
"""A circuit open for this long is no hiccup: nobody is kept waiting for the model any more."""


@dataclass(frozen=True, slots=True)
class ModelRoom:
    """The pace of maturity; `admission` None says that there is no model at all."""

    admission: Admission | None

    def room(self, undecided: int, now: datetime) -> int:
        """How many more people may be woken, when this many were woken and are undecided."""
        return max(0, self._bound(now) - undecided)

    def _bound(self, now: datetime) -> int:
        admission = self.admission
        # A budget of nothing is no model either: what would wait for the next minute would wait for ever.
        if admission is None or not admission.minute.limit or admission.circuit.open_for(now) >= AWAY_AFTER:
            return WITHOUT_A_MODEL
        return min(PEOPLE_PER_SLOT * admission.slots, admission.minute.left(now))
