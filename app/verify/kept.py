"""What is kept of a record: as little as the checks allow."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

Json = dict[str, Any]
Place = tuple[int, int]
"""A partition of `user-events`, and an offset."""


class Written(msgspec.Struct, frozen=True):
    """A record of ours: where it stands, whose key it has, and its JSON."""

    partition: int
    offset: int
    key: str
    logged: datetime
    value: Json


class Planned(msgspec.Struct, frozen=True):
    """An open intent, from its person's row."""

    user: str
    partition: int
    intent_id: str
    agent: str
    subject: str
    opened_by: Json
    wake_at: datetime
    status: str


class Raised(msgspec.Struct, frozen=True):
    """A reading that raised subjects: what had been folded by then."""

    now: datetime
    last_folded: int
    """The highest offset that its pass folded; -1 when a timer woke it."""
    subjects: frozenset[str]


class Traced(msgspec.Struct, frozen=True):
    """What is kept of a pass's trace."""

    winner: str
    refused: dict[str, frozenset[str]]
    """Of each intent that a gate closed, the reasons that it gave."""
