"""How services write: a happening becomes a record, with its times, its ids and, if it is so, its faults."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tests.simulation.book import Book
from tests.simulation.clock import moment
from tests.simulation.log import EVENTS, FORWARDED_FROM
from tests.simulation.moves import Happening
from topics.murmur2 import partition_of
from topics.record import NewRecord

_encode = msgspec.json.Encoder().encode


_INSTEAD: dict[str, dict[str, Any]] = {
    "not_an_event": {"id": ""},
    "invalid_data": {"type": "message.received", "data": {}},
    "key_mismatch": {"user_id": "somebody else"},
}


class Pen:
    """No two events that it writes have the same time: by its time an event is known again."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._micro = 0

    def written(self, happening: Happening, now_ms: int, book: Book | None) -> tuple[int, NewRecord]:
        """The record, and the partition that it is written to."""
        self._micro = (self._micro + 1) % 1000
        at = moment(now_ms - happening.age) + timedelta(microseconds=self._micro)
        body = {
            "id": happening.id,
            "source": happening.source,
            "type": happening.type,
            "time": at,
            "user_id": happening.user,
            "data": _resolved(happening.data, at, book),
        }
        key, value = _with_fault(happening.broken, happening.user.encode(), body)
        home = partition_of(key, self._partitions) if key else 0
        number = (home + 1) % self._partitions if happening.astray else home
        marks = ((FORWARDED_FROM, b"user-events-0@0"),) if happening.forwarded else ()
        return number, NewRecord(EVENTS, key, value, now_ms, marks)


def _with_fault(fault: str, key: bytes, body: dict[str, Any]) -> tuple[bytes | None, bytes | None]:
    keys: dict[str, bytes | None] = {"bad_key": b"an\na", "no_key": None}
    values = {"not_json": _encode(body)[:-1], "empty": None}
    return keys.get(fault, key), values.get(fault, _encode(body | _INSTEAD.get(fault, {})))


def _resolved(value: Any, at: datetime, book: Book | None) -> Any:
    """The data with its times, and with the ids that it means."""
    if isinstance(value, list):
        return [_resolved(one, at, book) for one in value]
    if not isinstance(value, dict):
        return value
    if "nudge" in value:
        return _latest([sent.nudge.nudge_id for sent in book.sent] if book else [], value["nudge"])
    if "intent" in value:
        return _latest(list(book.plans) if book else [], value["intent"])
    data = {}
    for name, one in value.items():
        if name.endswith("_in"):
            data[f"{name[:-3]}_at"] = at + timedelta(milliseconds=one)
        else:
            data[name] = _resolved(one, at, book)
    return data


def _latest(ids: Sequence[str], n: int) -> str:
    return ids[-1 - n] if n < len(ids) else "none"
