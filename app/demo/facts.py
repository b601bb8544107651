"""What happened to a person, one fact a line: in their own local time and in human words."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Kind = Literal["event", "world", "plan", "moved", "waits", "held", "struck", "sent", "quiet", "recalled"]
RANK: dict[str, int] = {
    "event": 0,
    "world": 0,
    "plan": 1,
    "moved": 2,
    "struck": 3,
    "held": 4,
    "waits": 6,
    "sent": 5,
    "quiet": 6,
    "recalled": 4,
}
"""The order of what happened at one instant: causes before effects, the message before others' silence."""

Place = tuple[int, int]
"""Where an event stands in the log: partition and offset."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a timeline; `at` carries the person's own zone."""

    at: datetime
    user_id: str
    """Empty where it happened to everybody: the model went down, the worker was killed."""
    kind: Kind
    text: str
    agent: str = ""
    intent_id: str = ""
    """The plan that it is about."""
    place: Place | None = None
    """Of an event: its own place in the log. Of what was struck out: the place of the event that did it."""
