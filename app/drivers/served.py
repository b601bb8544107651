"""A worker as its owner sees it, whichever log it works on: run it, end it, add events, look at people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.core.head import Head
    from app.core.row import Row
    from app.core.tally import Tally
    from topics.record import NewRecord

STUCK_AFTER_S = 60.0
"""Four times the limit of a commit: by then its doubt should have started the partition again."""

UNREADY_AFTER_S = 10.0
"""Work without a commit for so long is no election any more; a healthy commit takes milliseconds."""
SILENT_AFTER_S = 20.0
"""The brokers are asked every 5 s, and have 10 s to answer."""
UNSERVED = ("waiting", "taking over", "paused", "refused", "stopped")
"""How a partition of ours can be that is not at work: `waiting` for the group, being restored, pausing after a
doubt, refusing until the topics are as they should be, or stopped until another version of the worker runs."""

STAGES = ("appended", "received", "decided", "readable")
"""The way of the canary's event: the log has it, the worker has read it, what it brought about is durable, and
whoever reads what the worker writes by committed records alone can read past that."""


class LogAway(Exception):
    """The log cannot take events now; what was offered may or may not be in it.

    Operator action: look at the brokers, or at the disk; sending the same events again is safe, since the same
    source and id is one event.
    """


class OutOfReach(Exception):
    """The log could not be reached for as long as the worker was told to try.

    Operator action: start the brokers or mend TACTFUL_LOG, then start the worker again.
    """


class NotDrained(Exception):
    """The time to drain ran out, or its last commit failed: the next worker decides that again.

    Operator action: none for the events, nothing is lost; look at the brokers (or the disk) if it repeats, and
    give it more time by TACTFUL_DRAIN_WITHIN.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            f"not drained in time: {what}: what was not committed is decided again by the next worker; look at the "
            "brokers or the disk, or give it more time by TACTFUL_DRAIN_WITHIN"
        )


class NotRestored(Exception):
    """The partition of this person is ours, and not at work yet: ask again in a moment."""


class Elsewhere(Exception):
    """Another worker holds the partition of this person."""

    def __init__(self, partition: int) -> None:
        super().__init__(f"another worker holds partition {partition}")
        self.partition = partition


@dataclass(frozen=True, slots=True)
class OutputEnds:
    """A partition's outputs, topic by topic: up to where they can be read, and up to where they were written."""

    readable: tuple[int, ...]
    written: tuple[int, ...]


class Served(Protocol):
    """One worker in this process."""

    async def run(self) -> None:
        """Work until `drain`; raises OutOfReach, NotDrained, or what only a new process can mend."""

    async def drain(self, within_s: float) -> None:
        """Commit what is decided, take nothing new, and end `run` soon."""

    async def append(self, records: Sequence[NewRecord]) -> list[tuple[int, int]]:
        """Partition and offset of each, once the log has them all for good; LogAway when it cannot."""

    def row(self, user_id: str) -> Row | None:
        """What was last committed for a person; NotRestored or Elsewhere when this worker cannot say."""

    def received(self, partition: int, offset: int) -> bool:
        """Whether this worker has read this event; False where the partition is not at work here."""

    def done(self, partition: int, offset: int) -> bool:
        """Whether what this event brought about is durable; False where this worker cannot say."""

    async def output_ends(self, numbers: Sequence[int]) -> Mapping[int, OutputEnds]:
        """Where the topics that the worker writes end in these partitions; LogAway when the log does not say."""

    @property
    def paused(self) -> frozenset[str]:
        """The agents that are paused; `*` is all of them."""

    @property
    def partitions(self) -> Mapping[int, str]:
        """Those that are ours: empty for one that is at work, or why it is not."""

    @property
    def spread(self) -> int:
        """Over how many partitions people are spread; 0 while that is not known."""

    def unready(self) -> list[str]:
        """Why it does not do its whole work now; empty when it does."""

    def stuck(self) -> list[str]:
        """Partitions that have had work for too long without a commit: only a new process may help."""

    def standing(self) -> Tally:
        """Gauges that are read when somebody looks, and not kept up to date between."""


def is_done(head: Head, offset: int) -> bool:
    """Whether a partition's own row calls this event done."""
    return offset < head.next or (offset <= head.high and offset not in head.unfinished)
