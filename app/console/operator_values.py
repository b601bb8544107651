"""What an operator's pages show: agents, dead letters, the live tail, a search, the audit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from app.console.values import Note


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """One agent: what it decides, and whether it may."""

    name: str
    decides: str
    subscribes: tuple[str, ...]
    priority: int
    mode: str
    paused: bool
    """By its own switch or by the kill switch."""
    paused_at: datetime | None = None
    paused_by: str = ""
    open: int = 0
    last_week: Mapping[str, int] = {}
    """By outcome."""


class AgentsView(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides, and the kill switch."""

    now: datetime
    agents: tuple[AgentView, ...]
    everything_paused: bool
    everything_paused_at: datetime | None = None
    everything_paused_by: str = ""
    notes: tuple[Note, ...] = ()


class LetterView(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter."""

    partition: int
    offset: int
    at: datetime
    reason: str
    error: str
    came_from: str
    key: str | None
    """The person, as far as it can be told; None without a key."""
    size: int
    shown: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    """Those it came with; empty until asked for."""
    value: str = ""
    """Its text; HIDDEN, or empty where it is no text."""
    value_base64: str = ""
    """Where it is no text."""
    still_wrong: str = ""
    """Why it would be put aside again as it is; empty when it is understood now."""
    went_back: bool = False
    """Whether it was sent again already."""


class LettersView(msgspec.Struct, frozen=True, kw_only=True):
    """The dead letters, latest first."""

    now: datetime
    reason: str
    """Only this one; empty: all."""
    letters: tuple[LetterView, ...]
    by_reason: Mapping[str, int]
    notes: tuple[Note, ...] = ()


class TailLine(msgspec.Struct, frozen=True, kw_only=True):
    """One record as it came by; without anybody's words."""

    at: datetime
    topic: str
    partition: int
    offset: int
    user_id: str
    kind: str
    """`nudge`, `recall`, an outcome, an event's type, `pass`, `paused`, `resumed`, `dead_letter`."""
    sentence: str
    agent: str = ""


class TailView(msgspec.Struct, frozen=True, kw_only=True):
    """What came by last, latest first."""

    now: datetime
    lines: tuple[TailLine, ...]
    topic: str = ""
    user_id: str = ""
    notes: tuple[Note, ...] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One person that a search found."""

    user_id: str
    because: str


class SearchView(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked for and found: a person's id, or that of a plan, message, pass or outcome, or its beginning."""

    asked: str
    found: tuple[Found, ...]
    more: bool = False
    whole: bool = True
    """Whether everybody could be looked at for such an id in the time that a search has."""
    notes: tuple[Note, ...] = ()


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did here."""

    at: datetime
    who: str
    """The name that the authenticating proxy gave, `token`, or `this machine`."""
    what: str
    """`show_text`, `copy_scenario`, `revoke`, `erase`, `pause`, `resume`, `look_at_letter`, `send_letter`."""
    about: str
    """A person's id, an agent's name, a dead letter's place."""
    detail: str = ""
    """An intent's id and the like; never anybody's words."""


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """What was done here, latest first."""

    entries: tuple[Audited, ...]
