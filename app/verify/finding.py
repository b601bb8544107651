"""What a check finds, and what it is given besides the topics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec

from app.verify.seen import Seen


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that was not kept: which, by what, and how it shows."""

    check: str
    id: str
    """The offending nudge, intent, outcome, event or partition."""
    user: str
    says: str


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The policy as far as it can be seen from outside; what was decided under another one is not held to it."""

    min_gap: timedelta
    policy_version: str | None = None
    """None: whatever version decided."""
    idle_at: datetime | None = None
    """When given, nothing may be left to do at this time."""


Check = Callable[[Seen, Given], Iterator[Broken]]
