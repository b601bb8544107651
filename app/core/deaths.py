"""Deaths of the process while it was folding: what it was at, and what is to blame after three of them.

An exception is an answer (see defects.py). What ends the process itself, such as an extension that crashes or a
fold that takes all memory, leaves no answer: only a note of what was under way, written beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from app.core.head import Head

DEATHS = 3
"""DESIGN: a person noted at three deaths in a row."""
EXACTLY = 2
"""Of these so many must have named the one event alone: the first may have been noted with a whole batch."""
NO_EVENT = -1
REMEMBERED = 100
"""Deaths that are remembered: enough for dozens of causes at once."""


class Death(msgspec.Struct, frozen=True):
    """What was under way: the events from `first` to `last` of a person, or (no `user_id`) of anybody.

    With NO_EVENT it was no event: a wake-up, or an answer of the model.
    """

    user_id: str
    first: int = NO_EVENT
    last: int = NO_EVENT


class Note(Protocol):
    """Where it stands what is under way, for who comes after a death: it must outlive the process, not the machine."""

    def begin(self, user_id: str, first: int, last: int) -> None:
        """This is under way from now on, instead of what was noted before."""

    def end(self) -> None:
        """Nothing is under way."""

    def remember(self, deaths: Iterable[Death]) -> None:
        """These have not been got over yet, and no others."""


class Deaths:
    """Those that have not been got over yet; while there are any, a partition goes on in small steps."""

    def __init__(self, deaths: Iterable[Death]) -> None:
        self.left = tuple(deaths)[-REMEMBERED:]

    def __bool__(self) -> bool:
        return bool(self.left)

    def condemned(self, user_id: str, offset: int) -> bool:
        """Whether this step is to blame: it was under way at three deaths, and at two of them alone."""
        step = Death(user_id, offset, offset)
        exactly = sum(one == step for one in self.left)
        return exactly >= EXACTLY and sum(_covers(one, step) for one in self.left) >= DEATHS

    def got_over(self, head: Head) -> bool:
        """Forget the deaths whose events are all durably done; whether there were such."""
        left = tuple(one for one in self.left if one.first == NO_EVENT or not _is_done(head, one))
        changed, self.left = left != self.left, left
        return changed

    def forget_the_rest(self) -> bool:
        """Forget those at no event; whether there were such."""
        left = tuple(one for one in self.left if one.first != NO_EVENT)
        changed, self.left = left != self.left, left
        return changed


def _covers(death: Death, step: Death) -> bool:
    if death.user_id not in {"", step.user_id}:
        return False
    return death.first == NO_EVENT or death.first <= step.first <= death.last


def _is_done(head: Head, death: Death) -> bool:
    if death.last < head.next:
        return True
    return death.last <= head.high and not any(death.first <= one <= death.last for one in head.unfinished)
