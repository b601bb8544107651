"""The tables: which records stand in them, under which columns, and by which time they are laid out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app.export.duck import Columns
from app.outside.log import moment
from topics.decode import Undecodable, decode
from topics.outcomes import NUDGE_OUTCOME, Outcome
from topics.record import Record
from topics.user_events import USER_EVENTS, Receipt

PLACE: Columns = {"log_partition": "INTEGER", "log_offset": "BIGINT", "log_at": "TIMESTAMPTZ"}
"""Where the record stands in its topic, and when the log had it: together they name it."""


class Unreadable(Exception):
    """The record is none of its topic's; the message says where it stands."""

    def __init__(self, record: Record, why: str) -> None:
        super().__init__(f"{record.topic}-{record.partition}@{record.offset}: {why}")


@dataclass(frozen=True, slots=True)
class Row:
    """A record as a line of JSON, and the time by which it is laid out."""

    at: datetime
    line: bytes


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of record as a table."""

    name: str
    topic: str
    columns: Columns
    row: Callable[[Record], Row | None]
    """None for a record that does not belong into the table."""


class _Closed(msgspec.Struct):
    closed_at: datetime


_closed = msgspec.json.Decoder(_Closed)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()


def _placed(record: Record) -> dict[str, Any]:
    return {
        "log_partition": record.partition,
        "log_offset": record.offset,
        "log_at": moment(record.timestamp_ms),
    }


def _outcome(record: Record) -> Row:
    value = record.value or b""
    try:
        known = _closed.decode(value)
        fields = _fields.decode(value)
    except (msgspec.DecodeError, ValueError) as error:
        raise Unreadable(record, f"is no outcome ({error})") from None
    return Row(known.closed_at, _encoder.encode(fields | _placed(record)))


def _receipt(record: Record) -> Row | None:
    event = decode(record, agents=frozenset())
    if isinstance(event, Undecodable) or not isinstance(event.data, Receipt):
        return None
    fields = {
        "event_id": f"{event.source}/{event.id}",
        "type": event.type,
        "at": event.time,
        "user_id": event.user_id,
        "nudge_id": event.data.nudge_id,
        "reason": event.data.reason,
    }
    return Row(event.time, _encoder.encode(fields | _placed(record)))


def columns_of(struct: type[msgspec.Struct]) -> Columns:
    """The columns that a struct makes: times are times, lists are lists, what lies in it keeps its shape."""
    info = msgspec.inspect.type_info(struct)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(struct)
    return {field.encode_name: _kind(field.type) for field in info.fields}


def _kind(info: msgspec.inspect.Type) -> str:  # noqa: PLR0911 - one line for each type
    match info:
        case msgspec.inspect.UnionType(types=types):
            (one,) = (each for each in types if not isinstance(each, msgspec.inspect.NoneType))
            return _kind(one)
        case msgspec.inspect.StructType(fields=fields):
            inner = ", ".join(f'"{field.encode_name}" {_kind(field.type)}' for field in fields)
            return f"STRUCT({inner})"
        case msgspec.inspect.VarTupleType(item_type=item):
            return f"{_kind(item)}[]"
        case msgspec.inspect.LiteralType() | msgspec.inspect.StrType():
            return "VARCHAR"
        case msgspec.inspect.DateTimeType():
            return "TIMESTAMPTZ"
        case msgspec.inspect.IntType():
            return "BIGINT"
        case msgspec.inspect.FloatType():
            return "DOUBLE"
        case msgspec.inspect.BoolType():
            return "BOOLEAN"
        case _:
            raise TypeError(f"no column is known for {info}")


OUTCOMES = Table("outcomes", NUDGE_OUTCOME.name, {**columns_of(Outcome), **PLACE}, _outcome)
RECEIPTS = Table(
    "receipts",
    USER_EVENTS.name,
    {
        "event_id": "VARCHAR",
        "type": "VARCHAR",
        "at": "TIMESTAMPTZ",
        "user_id": "VARCHAR",
        "nudge_id": "VARCHAR",
        "reason": "VARCHAR",
        **PLACE,
    },
    _receipt,
)
TABLES: Mapping[str, Table] = {table.name: table for table in (OUTCOMES, RECEIPTS)}
"""The receipts say what became of the nudges; who exports them needs the right to read `user-events`."""
