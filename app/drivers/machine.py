"""What stands on each side of a partition's loop: the sans-I/O machine, its log, the model it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from app.core.asks import Ask, Reply

if TYPE_CHECKING:
    from app.core.partition import Commit, PendingAsk
    from app.core.tally import Tally
    from topics.record import Record


class CommitDoubt(Exception):
    """Nobody knows whether the last commit is durable.

    Operator action: none, the partition starts again from what is durable; if it repeats, the log's own
    message stands beside it.
    """


class PartitionLog(Protocol):
    """Where a partition's decisions become durable."""

    async def commit(self, commit: Commit) -> None:
        """Return when all of it is durable; any exception means doubt."""


class Model(Protocol):
    """The front door of the model: every failure is a reply, never an exception."""

    @property
    def on_wire(self) -> int:
        """Requests that wait for an answer from outside, of all loops that share the model."""

    def at_once(self, ask: Ask) -> Reply | None:
        """The reply that needs no waiting, or None."""

    async def ask(self, ask: Ask) -> Reply: ...


class Spans(Protocol):
    """Who is told when a partition's requests and commits begin and end, to draw them as a trace."""

    def asking(self, pending: PendingAsk) -> Callable[[Reply | None], None]:
        """A request begins; what is returned is told its reply, or None when nobody waits for it any more."""

    def committing(self, commit: Commit) -> Callable[[str], None]:
        """A commit begins; what is returned is told its result, `committed` or `failed`."""

    def close(self) -> None:
        """The loop has ended: what is still open was thrown away."""


class NoSpans:
    """Nobody is told."""

    def asking(self, pending: PendingAsk) -> Callable[[Reply | None], None]:
        del pending
        return _unheard

    def committing(self, commit: Commit) -> Callable[[str], None]:
        del commit
        return _unheard

    def close(self) -> None:
        pass


def _unheard(_: object) -> None:
    pass


class Machine(Protocol):
    """What the loop needs of `app.core.partition.Partition`, which documents it."""

    def restore_timers(self, rows: Iterable[tuple[str, bytes]]) -> None: ...
    def receive(self, records: Sequence[Record], now: datetime) -> None: ...
    def positioned(self, position: int) -> None: ...
    def tick(self, now: datetime, room: int) -> None: ...
    def answer(self, ask_id: int, reply: Reply, now: datetime) -> None: ...
    def controls(self, paused: frozenset[str]) -> None: ...
    def take_asks(self) -> list[PendingAsk]: ...
    def dropped_asks(self) -> list[int]: ...
    @property
    def has_work(self) -> bool: ...
    def take_commit(self) -> Commit | None: ...
    def committed(self, number: int) -> None: ...
    def next_wake(self) -> datetime | None: ...
    @property
    def undecided(self) -> int: ...
    @property
    def fullness(self) -> float: ...
    @property
    def woken(self) -> int: ...
    @property
    def queued_since(self) -> datetime | None: ...
    def take_tally(self) -> Tally: ...
