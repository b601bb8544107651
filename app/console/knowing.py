"""What a console can say, whichever log it reads: of a person, and of everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypedDict

from app.console.finding import Finding
from app.console.overview_view import Share
from app.console.person_row import PersonRow
from app.console.person_view import person_view
from app.console.projection import HeadSeen, Shelf, head, waiting
from app.console.scenario_copy import scenario_of
from app.console.values import Note, PersonView
from app.deployment import Deciding
from app.outside.log import Log, moment

Opened = Callable[[], AbstractAsyncContextManager[Log]]
"""The log that actions are written to; on brokers it stays open, a folder is given back at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that is shared out, as far as it could be asked for."""

    share: Share
    notes: Sequence[Note] = ()


class Knowing(Protocol):
    """One console's knowledge, and the other consoles'."""

    async def run(self) -> None:
        """Read and fold until it is cancelled; raises what only a new process can mend."""

    async def person(self, user_id: str, *, shown: bool, here: bool, ask: Asking) -> PersonView:
        """A person's page; `here` means that no other console is asked."""

    async def story(self, user_id: str, *, here: bool, ask: Asking) -> str | Sequence[Note]:
        """The person's story as a scenario file, or why it cannot be told now; CannotBeToldError if never."""

    async def told(self, *, here: bool, ask: Asking) -> Told:
        """The counts of all partitions; `here` means that only this console's own are wanted."""

    async def found(self, asked: str, *, here: bool, ask: Asking) -> Finding:
        """Whom a search finds; `here` means that no other console is asked."""

    def ready(self) -> list[str]:
        """Why it cannot answer for its part yet; empty when it can."""


class Asking(Protocol):
    """How another console is asked, in the name of whoever asks."""

    async def __call__(self, url: str, path: str) -> bytes:
        """The answer's body; OSError when there is none, or none that can be used."""


def now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def view_of(
    row: PersonRow | None,
    user_id: str,
    *,
    deciding: Deciding,
    shown: bool,
    partition: int,
    seen: HeadSeen | None,
    notes: Sequence[Note],
) -> PersonView:
    """A person's page from what is kept of them, which may be nothing."""
    if row is None:
        zone = deciding.policy.default_timezone
        return PersonView(
            user_id=user_id, now=now(), zone=zone, shown=shown, partition=partition, notes=tuple(notes)
        )
    return person_view(
        row,
        policy=deciding.policy,
        agents=frozenset(deciding.agents),
        now=now(),
        shown=shown,
        partition=partition,
        head=None if seen is None else seen.head,
        notes=notes,
    )


def story_of(row: PersonRow | None, user_id: str, *, deciding: Deciding) -> str:
    """A person's story from what is kept of them."""
    kept = row or PersonRow(user_id=user_id)
    return scenario_of(kept, deciding.policy, agents=frozenset(deciding.agents), now=now())


class Undecided(TypedDict):
    """The two fields of a partition's standing that the worker is answerable for."""

    undecided: int
    undecided_for_s: float


def undecided(shelf: Shelf, partition: int, at: datetime) -> Undecided:
    """How many events wait for the worker, at most, and for how long it has got no further."""
    seen, waits = head(shelf, partition), waiting(shelf, partition)
    if seen is None or not waits.since_ms:
        return Undecided(undecided=0, undecided_for_s=0.0)
    seconds = (at - moment(waits.since_ms)).total_seconds()
    return Undecided(undecided=max(1, waits.offset + 1 - seen.head.next), undecided_for_s=max(0.0, seconds))
