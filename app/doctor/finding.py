"""What the doctor finds."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["fine", "note", "wrong", "away"]
"""`note`: it works, and should be known; `wrong`: a worker would not start, or not do as it should; `away`: a thing
that is needed cannot be reached."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at; `do` says how to mend it, and is empty where nothing is to be done."""

    about: str
    state: State
    says: str
    do: str = ""


def fine(about: str, says: str) -> Finding:
    """Nothing to be done."""
    return Finding(about=about, state="fine", says=says)


def note(about: str, says: str, do: str = "") -> Finding:
    """It works, and should be known."""
    return Finding(about=about, state="note", says=says, do=do)


def wrong(about: str, says: str, do: str) -> Finding:
    """It has to be mended."""
    return Finding(about=about, state="wrong", says=says, do=do)


def away(about: str, says: str, do: str) -> Finding:
    """It cannot be reached."""
    return Finding(about=about, state="away", says=says, do=do)
