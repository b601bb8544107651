"""What one question of a reading showed, and what the answer raised: the values behind its references."""

from __future__ import annotations

import msgspec

from agents.contract import Intent, Sent
from app.core.origin import Origin
from app.core.plans import Plan
from app.core.row import Unread


class Raised(msgspec.Struct, kw_only=True):
    """A subject that this reading raised and has not opened yet: a later chunk may still settle it."""

    plan: Plan
    origin: Origin
    doubts: list[Unread] = []


class Shown(msgspec.Struct, frozen=True):
    """What the references of one question stand for."""

    intents: dict[str, Intent | Sent | Raised]
    messages: dict[str, Unread]
    unread: frozenset[str]
    """The references of messages that are read for the first time; the others are shown because of a doubt."""
