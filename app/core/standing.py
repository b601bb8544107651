"""How things stand in a partition, kept up to date with each row that changes: what the gauges show."""

from __future__ import annotations

from collections import Counter

from app.core.row import Row
from app.core.tally import Tally


class Standing:
    """Open intents by agent, held intents and unread messages, over all rows."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._held = 0
        self._unread = 0

    def changed(self, before: Row | None, after: Row | None) -> None:
        """A person's row became another one."""
        for row, sign in ((before, -1), (after, 1)):
            if row is None:
                continue
            self._unread += sign * len(row.unread)
            for intent in row.intents.values():
                self._open[intent.agent] += sign
                if intent.held_since is not None and intent.status == "due":
                    self._held += sign

    def report(self, tally: Tally) -> None:
        """The present values."""
        for agent, count in self._open.items():
            tally.gauge("tactful_open_intents", count, agent)
        tally.gauge("tactful_held_intents", self._held)
        tally.gauge("tactful_reading_debt_messages", self._unread)
