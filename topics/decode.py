"""From a record to an event that was understood, or the reason why it was not: total, and on the hot path."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from topics.data import EARLIEST, ID_LIMIT, LATEST, read_data, utc
from topics.dead_letters import DeadReason
from topics.envelopes import (
    NO_DATA,
    SHALLOW,
    Envelope,
    Refused,
    filled,
    from_base64,
    opened,
    person,
)
from topics.matching import matches
from topics.record import Record
from topics.senseless import Senseless
from topics.user_events import Event

__all__ = ["Undecodable", "decode", "matches"]

AHEAD = timedelta(minutes=5)
"""How far an event's time may run ahead of the log's own timestamp."""


class Undecodable(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a record is no event: the dead letter's reason, and the field or position without the value.

    `user_id` is the key's, where that could be read.
    """

    reason: DeadReason
    error: str
    field: str = ""
    user_id: str | None = None


_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_LIMIT)]


class _Plain(msgspec.Struct, frozen=True, gc=False):
    """An envelope as nearly all are: one that does not fit goes the long way, which finds what is wrong with it."""

    id: _Name
    source: _Name
    type: _Name
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    data: msgspec.Raw = msgspec.Raw(NO_DATA)
    user_id: str | None = None
    userid: str | None = None
    specversion: Literal["1.0"] = "1.0"
    data_base64: None = None
    traceparent: str | None = None


_BYTE = re.compile(r"\(byte (\d+)\)")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_plain = msgspec.json.Decoder(_Plain)


def decode(record: Record, *, agents: frozenset[str], user_id: str | None = None) -> Event | Undecodable:
    """The event of a record of `user-events`; `agents` are the registered names. Never raises.

    `user_id` is the key's if that was read before.
    """
    try:
        if user_id is None:
            user_id = person(record.key)
        return _understood(record, user_id, agents)
    except Refused as refused:
        return Undecodable(reason=refused.reason, error=str(refused), field=refused.field, user_id=user_id)
    except Senseless as wrong:
        return Undecodable(reason="invalid_data", error=str(wrong), field=wrong.field, user_id=user_id)
    except (ValueError, RecursionError) as error:  # JSON's own errors, and text that is no Unicode
        return Undecodable(reason="not_json", error=_position(error), field="value", user_id=user_id)


def _understood(record: Record, user_id: str, agents: frozenset[str]) -> Event:
    envelope: _Plain | Envelope | None = None
    if not record.headers:
        envelope = _as_nearly_all_are(record.value, user_id)
    if envelope is not None:
        trace: object = envelope.traceparent
    else:
        envelope, trace = opened(record, user_id)
    raw, event_type = bytes(envelope.data), envelope.type
    if raw == NO_DATA and envelope.data_base64 is not None:
        raw = from_base64(envelope.data_base64)
    if raw == b"null":
        raw = NO_DATA
    at, logged_ms = envelope.time, record.timestamp_ms
    if at is None or at.tzinfo is not UTC or not EARLIEST <= at <= _surely_not_ahead(logged_ms // 60_000):
        at = _time(at, logged_ms)
    return Event(
        type=event_type,
        source=envelope.source,
        id=envelope.id,
        user_id=user_id,
        time=at,
        data=read_data(event_type, raw, agents),
        raw=raw,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        logged_ms=logged_ms,
        traceparent=None if trace is None else _traceparent(trace),
    )


def _as_nearly_all_are(value: bytes | None, user_id: str) -> _Plain | None:
    """Most of what can be wrong is looked for while the JSON is decoded; None for all that is not quite right."""
    if not value or len(value) > SHALLOW or not value.isascii():
        value = filled(value)
    try:
        plain = _plain.decode(value)
    except ValueError:
        return None
    if plain.user_id is not None and plain.user_id != user_id:
        return None
    return plain if plain.userid is None or plain.userid == user_id else None


def _time(time: datetime | None, logged_ms: int) -> datetime:
    """The event's own time, or the log's where it has none or runs too far ahead."""
    if time is None:
        return _logged(logged_ms)
    moment = utc(time, "time")
    logged = _logged(logged_ms)
    return logged if moment > logged + AHEAD else moment


def _logged(ms: int) -> datetime:
    """The log's timestamp, where it is one: a producer may have written any 64 bits."""
    return EARLIEST + timedelta(milliseconds=min(max(ms, 0), _LATEST_MS))


_LATEST_MS = (LATEST - EARLIEST) // timedelta(milliseconds=1)


@lru_cache(maxsize=64)
def _surely_not_ahead(minute: int) -> datetime:
    """The latest time that is believed for every timestamp of this minute: most events need no closer look."""
    return min(_logged(minute * 60_000) + AHEAD, LATEST)


def _traceparent(text: object) -> str | None:
    """The trace that the event belongs to; what is no W3C `traceparent` is dropped, as that standard asks."""
    return text if isinstance(text, str) and _TRACEPARENT.fullmatch(text) else None


def _position(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"value: is no UTF-8 at byte {error.start}"
    where = _BYTE.search(str(error))
    return f"value: is no JSON at byte {where[1]}" if where else "value: is no JSON, or ends too early"
