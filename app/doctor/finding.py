"""What the doctor finds, and the faults that it knows."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["fine", "note", "wrong", "away"]
"""`note`: it works, and should be known; `wrong`: a worker would not start, or not do as it should; `away`: a thing
that is needed cannot be reached."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at; where it is not fine, `name` is the fault's, and `do` says how to mend it."""

    about: str
    state: State
    says: str
    name: str = ""
    why: str = ""
    do: str = ""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be wrong: `what` in general, `why` it matters, and what to `do`, all as the docs have it.

    `name` is what a program may go by, and never changes.
    """

    name: str
    about: str
    state: Literal["note", "wrong", "away"]
    what: str
    why: str
    do: str

    def found(self, says: str, do: str = "") -> Finding:
        """It is so here: what exactly, and what to do where that can be said better than in general."""
        return Finding(
            about=self.about, state=self.state, says=says, name=self.name, why=self.why, do=do or self.do
        )


def fine(about: str, says: str) -> Finding:
    """Nothing to be done."""
    return Finding(about=about, state="fine", says=says)
