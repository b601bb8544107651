"""What stands around every page, and pages that only ask or tell something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from app.console.values import Note


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question before an action that cannot be taken back: the form posts to `action`, `fields` along with it."""

    action: str
    question: str
    consequences: tuple[str, ...]
    yes: str
    """The button's words."""
    back: str
    """Where no leads."""
    type_this: str = ""
    """What has to be typed in `confirm` before it is done; empty: nothing."""
    fields: Mapping[str, str] = {}


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What cannot be shown or done, and what to do."""

    status: int
    says: str
    do: str = ""
    notes: tuple[Note, ...] = ()


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """The form that asks for the token (field `token`), and where it leads then (field `next`)."""

    next: str
    wrong: bool = False


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What every page shows around its own."""

    now: datetime
    csrf: str
    """Goes with every form, in the field `csrf`."""
    path: str
    """The page's own path and query, for links that change one thing."""
    signed_in_as: str = ""
    """Empty on this machine without a token."""
    log: str = ""
    """Where the records come from, in words."""
    version: str = ""
    paused: tuple[str, ...] = ()
    """Agents that are paused; `*`: everything."""
    dead_letters: int | None = None
    """None where it is not known."""
    notice: str = ""
    """One line after an action."""
    refresh_ms: int = 5_000
    """An open page is asked for anew so often."""
