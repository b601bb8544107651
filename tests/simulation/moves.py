"""What a history is made of: moves of people, of time and of the adversary, as values that can be left out one by one.

A move that has lost its sense (an answer where nobody asked) does nothing, so that any part of a history is one.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Local = Literal["kept", "stale", "empty"]
Ending = Literal["ok", "lost", "half"]


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    """Equal when its fields are; fields that say nothing unusual are left out of its text."""

    def __repr__(self) -> str:
        names, usual = self.__struct_fields__, self.__struct_defaults__
        defaults = dict(zip(names[len(names) - len(usual) :], usual, strict=True))
        said = ", ".join(
            f"{name}={value!r}"
            for name in names
            if (value := getattr(self, name)) != defaults.get(name, ...) and value != {}
        )
        return f"{type(self).__name__}({said})"


class Happening(_Value, frozen=True):
    """Something that a service says has happened to a person.

    In `data`, a name that ends in `_in` holds milliseconds from the moment it is written, and becomes the
    time of that name with `_at`; `{"nudge": n}` and `{"intent": n}` are the person's nth latest of these.
    """

    user: str
    type: str
    id: str
    source: str = "app"
    data: dict[str, Any] = {}
    age: int = 0
    """Milliseconds that its time lies before the log's clock; negative: ahead of it."""
    astray: bool = False
    """Written to another partition than its key's, as a service with another partitioner does."""
    forwarded: bool = False
    """With the mark of one that was sent home already."""
    broken: str = ""
    """The dead letter's reason that its bytes are made for."""


class Tell(_Value, frozen=True):
    """Services write these in one batch."""

    events: tuple[Happening, ...]


class Again(_Value, frozen=True):
    """A producer retries: an earlier record is written once more, at a new offset."""

    which: float


class Hole(_Value, frozen=True):
    """A transaction of somebody else leaves its marker, or an aborted record, in the log."""

    lane: int = 0


class Lose(_Value, frozen=True):
    """Retention takes the next maturity event before anybody reads it."""

    lane: int = 0


class Deliver(_Value, frozen=True):
    """The reader hands on at most so many records."""

    lane: int = 0
    most: int = 1


class Rewind(_Value, frozen=True):
    """The reader goes back: what it handed on before is handed on again."""

    lane: int = 0
    by: int = 1


class Position(_Value, frozen=True):
    """The reader says where it stands."""

    lane: int = 0


class Tick(_Value, frozen=True):
    """Time is looked at, with room for so many people."""

    lane: int = 0
    room: int = 4


class Answer(_Value, frozen=True):
    """One of the requests in flight is answered; `late`: one whose pass has ended is."""

    lane: int = 0
    which: float = 0.0
    kind: str = "good"
    seed: int = 0
    late: bool = False


class Take(_Value, frozen=True):
    """The driver begins a commit."""

    lane: int = 0


class End(_Value, frozen=True):
    """The commit in flight becomes durable; or it does not, or nobody learns so: then the driver starts again."""

    lane: int = 0
    how: Ending = "ok"


class Crash(_Value, frozen=True):
    """The owner dies between two commits; with `down`, nobody starts again before `Start`."""

    lane: int = 0
    local: Local = "kept"
    behind: int = 3
    """How many records of the changelog a stale local copy does not know."""
    down: bool = False
    skew: int = 0
    """Milliseconds by which the next owner's clock is ahead of the log's (negative: behind)."""


class Start(_Value, frozen=True):
    """Somebody takes over a partition that nobody owns."""

    lane: int = 0
    skew: int = 0


class TakeOver(_Value, frozen=True):
    """Another owner fences the present one, which goes on a while; `landed`: its last commit came through before."""

    lane: int = 0
    landed: bool = False
    behind: int | None = None
    """How many records its local copy lacks, from when it had the partition before; None: it never had."""
    skew: int = 0


class Stale(_Value, frozen=True):
    """The fenced owner does what it would have done."""

    lane: int = 0
    what: Literal["deliver", "tick", "answer", "commit"] = "deliver"
    seed: int = 0


class Wait(_Value, frozen=True):
    """Time passes."""

    ms: int


class UntilDue(_Value, frozen=True):
    """Time passes until the next thing is due, a little before, or a little after."""

    off: int = 0


class Jump(_Value, frozen=True):
    """The owner's clock is set."""

    lane: int = 0
    ms: int = 0


class Switch(_Value, frozen=True):
    """An agent (`*`: everything) is paused or resumed."""

    agent: str
    paused: bool


class Settle(_Value, frozen=True):
    """Nothing goes wrong for a while: all that can happen now happens, with answers from this seed."""

    lane: int = 0
    seed: int = 0


Move = (
    Tell
    | Again
    | Hole
    | Lose
    | Deliver
    | Rewind
    | Position
    | Tick
    | Answer
    | Take
    | End
    | Crash
    | Start
    | TakeOver
    | Stale
    | Wait
    | UntilDue
    | Jump
    | Switch
    | Settle
)


class Bounds(_Value, frozen=True):
    """The core's own bounds: smaller ones are reached sooner."""

    mailbox: int = 500
    cached: int = 20_000
    chunk: int = 40
    unread: int = 65_536
    open: int = 50
    seen: int = 256
    doubts: int = 20
    recallable: int = 10
    row: int = 256 * 1024


class History(_Value, frozen=True):
    """One run from the empty log on."""

    seed: int
    policy: str = "default"
    partitions: int = 1
    bounds: Bounds = Bounds()
    moves: tuple[Move, ...] = ()
