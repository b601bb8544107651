"""What a command may ask of the log, wherever it is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from topics.record import NewRecord, Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OutOfReachError(Exception):
    """What a command needs cannot be reached; the message says what, and what to do."""

    def __init__(self, says: str, do: str, *, name: str = "") -> None:
        """`name` is the doctor's for it, where it knows one."""
        super().__init__(f"{says}: {do}")
        self.says = says
        self.do = do
        self.name = name


class MadeAnewError(OutOfReachError):
    """A partition ends before an offset that was read there: it is another log by now."""

    def __init__(self, topic: str, partition: int, *, end: int, begin: int) -> None:
        says = f"{topic}-{partition} ends at offset {end}, and was read up to {begin} before"
        super().__init__(says, "it was cut or made anew: begin anew with it, too")


class NoLogYetError(OutOfReachError):
    """Nobody has written anything yet: there is no log, and no worker that could make one."""


class RefusedError(Exception):
    """The log does not take this; the message says why. Sending it again as it is does not help."""


class Log(Protocol):
    """Committed records only; nobody who reads or writes here takes part in any group."""

    @property
    def where(self) -> str:
        """The log in words, for a message."""

    async def partitions(self, topic: str) -> int:
        """Over how many partitions the topic is spread; OutOfReachError when it is not there."""

    def read(
        self,
        topic: str,
        *,
        since: datetime | None = None,
        begin: Mapping[int, int] | None = None,
        user: str | None = None,
        follow: bool = False,
    ) -> AsyncIterator[Record]:
        """The records up to what is there now, each partition's in order; with `follow` for ever after.

        `since` goes by the log's timestamps; with `user` only those of this key. `begin` names offsets by
        partition and counts instead of `since` where it names one; MadeAnewError when a log ends before it.
        Of `nudge-state` at least the latest row of each key comes, whatever `since` says.
        """

    async def append(self, records: Sequence[NewRecord]) -> list[tuple[int, int]]:
        """Partition and offset of each, once all of them are durable; RefusedError says why not."""


def now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def milliseconds(at: datetime) -> int:
    """A time as a log's timestamp."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def moment(timestamp_ms: int) -> datetime:
    """A log's timestamp as a time, kept within the calendar: a producer may have written any 64 bits."""
    return _EPOCH + timedelta(milliseconds=min(max(timestamp_ms, 0), _LATEST_MS))


_LATEST_MS = milliseconds(datetime(9000, 1, 1, tzinfo=UTC))
