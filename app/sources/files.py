"""Events of a file, one after the other, each held against the contract before the log has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import msgspec

from app.outside.log import milliseconds
from app.sources import collegemsg, memorybank
from topics.decode import AHEAD
from topics.http_events import BadEvent, plain_record
from topics.record import NewRecord
from topics.user_events import Time


def plain(path: Path) -> Iterator[bytes]:
    """JSON lines in the plain form, or CloudEvents as one line each; empty lines are skipped by `checked`."""
    with path.open("rb") as lines:
        yield from lines


FORMATS: Mapping[str, Callable[[Path], Iterator[bytes]]] = {
    "plain": plain,
    "memorybank": memorybank.events,
    "collegemsg": collegemsg.events,
}
"""By the name that `--format` takes: the events of a file in the order in which they are appended."""


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the worker will understand."""

    record: NewRecord
    time_ms: int
    """The event's own time, or the log's where it has none."""
    is_ahead: bool
    """Dated so far ahead of now that the log's own time will count."""


class Bad(msgspec.Struct, frozen=True, kw_only=True):
    """A line that the worker would put aside."""

    line: int
    field: str
    problem: str


def checked(lines: Iterator[bytes], *, agents: frozenset[str], now_ms: int) -> Iterator[Good | Bad]:
    """What the worker would make of each line; the record's timestamp is `now_ms`."""
    for number, line in enumerate(lines, start=1):
        value = line.strip()
        if not value:
            continue
        try:
            record = plain_record(value, agents=agents, now_ms=now_ms)
        except BadEvent as bad:
            yield Bad(line=number, field=bad.field, problem=bad.message)
        else:
            yield _good(record)


def _good(record: NewRecord) -> Good:
    time = _times.decode(record.value or b"{}").time
    time_ms = record.timestamp_ms if time is None else milliseconds(time)
    return Good(record=record, time_ms=time_ms, is_ahead=time_ms > record.timestamp_ms + _AHEAD_MS)


class _Timed(msgspec.Struct):
    time: Time | None = None


_times = msgspec.json.Decoder(_Timed)
_AHEAD_MS = AHEAD // timedelta(milliseconds=1)
