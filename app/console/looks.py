"""Whose words somebody is looking at: a page that is open looks again every few seconds, which is one look."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

AGAIN_AFTER = timedelta(minutes=15)
"""A page that stays open is noted four times an hour."""
REMEMBERED = 1000
"""Beyond, the oldest is forgotten, and noted once more: never one too few."""


class Looks:
    """Remembers when each look was noted."""

    def __init__(self) -> None:
        self._noted: OrderedDict[tuple[str, str, str], datetime] = OrderedDict()

    def is_noted(self, session: str, who: str, user_id: str, at: datetime) -> bool:
        """Whether the audit has this look already."""
        noted = self._noted.get((session, who, user_id))
        return noted is not None and noted <= at < noted + AGAIN_AFTER

    def noted(self, session: str, who: str, user_id: str, at: datetime) -> None:
        """The audit has it now."""
        self._noted.pop((session, who, user_id), None)
        self._noted[session, who, user_id] = at
        if len(self._noted) > REMEMBERED:
            self._noted.popitem(last=False)
