"""From a record to an event that was understood, or the reason why it was not: total, and on the hot path."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from topics.data import EARLIEST, ID_LIMIT, LATEST, read_data, utc
from topics.dead_letters import DeadReason
from topics.matching import matches
from topics.record import Headers, Record
from topics.senseless import Senseless, from_validation
from topics.user_events import Event

__all__ = ["Undecodable", "decode", "matches"]

VALUE_LIMIT = 262_144
"""256 KB: what one row may hold, and far below the broker's 1 MB."""
DEPTH_LIMIT = 256
"""Nesting of a value; beyond it the decoders' own recursion would depend on the caller's stack."""
AHEAD = timedelta(minutes=5)
"""How far an event's time may run ahead of the log's own timestamp."""

STRUCTURED = "application/cloudevents"
_BINARY = ("ce_id", "ce_source", "ce_type", "ce_specversion")
_EMPTY = b"{}"


class Undecodable(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a record is no event: the dead letter's reason, and the field or position without the value.

    `user_id` is the key's, where that could be read.
    """

    reason: DeadReason
    error: str
    field: str = ""
    user_id: str | None = None


class _Envelope(msgspec.Struct, frozen=True, gc=False):
    """What stands around the data, in a plain or a structured event alike."""

    id: str
    source: str
    type: str
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    data: msgspec.Raw = msgspec.Raw(_EMPTY)
    user_id: Any = None
    userid: Any = None
    specversion: Any = "1.0"
    data_base64: Any = None
    traceparent: Any = None


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What stands for a byte that is no UTF-8 in a header's name.
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# A string, to its end or the value's, or a bracket; possessive: no value costs more than its length.
_TOKEN = re.compile(rb'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)
_OPENING, _CLOSING = (b"[", b"{"), (b"]", b"}")
_BYTE = re.compile(r"\(byte (\d+)\)")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

_envelopes = msgspec.json.Decoder(_Envelope)
_any_json = msgspec.json.Decoder(msgspec.Raw)


def decode(record: Record, *, agents: frozenset[str]) -> Event | Undecodable:
    """The event of a record of `user-events`; `agents` are the registered names. Never raises."""
    user_id = None
    try:
        user_id = _person(record.key)
        return _understood(record, user_id, agents)
    except _Refused as refused:
        return Undecodable(reason=refused.reason, error=str(refused), field=refused.field, user_id=user_id)
    except Senseless as wrong:
        return Undecodable(reason="invalid_data", error=str(wrong), field=wrong.field, user_id=user_id)
    except (ValueError, RecursionError) as error:  # JSON's own errors, and text that is no Unicode
        return Undecodable(reason="not_json", error=_position(error), field="value", user_id=user_id)


class _Refused(Exception):  # not an error of ours: how a reason leaves the depth
    def __init__(self, reason: DeadReason, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.reason = reason
        self.field = field


def _person(key: bytes | None) -> str:
    if not key:
        raise _Refused("no_key", "key", "is missing: it names the person")
    try:
        user_id = key.decode()
    except UnicodeDecodeError as error:
        raise _Refused("bad_key", "key", f"is no UTF-8 at byte {error.start}") from None
    if not user_id.isprintable() and _CONTROL.search(user_id):
        raise _Refused("bad_key", "key", "holds control characters")
    return user_id


def _understood(record: Record, user_id: str, agents: frozenset[str]) -> Event:
    envelope, trace = _opened(record.headers, _filled(record.value))
    if not envelope.id or not envelope.source or not envelope.type:
        name = "id" if not envelope.id else "type" if envelope.source else "source"
        raise _Refused("not_an_event", name, "is empty")
    if envelope.specversion != "1.0":
        raise _Refused("not_an_event", "specversion", "is not 1.0")
    if envelope.user_id is not None and envelope.user_id != user_id:
        raise _Refused("key_mismatch", "user_id", "names another person than the key")
    if envelope.userid is not None and envelope.userid != user_id:
        raise _Refused("key_mismatch", "userid", "names another person than the key")
    if len(envelope.id) > ID_LIMIT or len(envelope.source) > ID_LIMIT or len(envelope.type) > ID_LIMIT:
        raise Senseless(_longest(envelope), f"is longer than {ID_LIMIT} characters")
    raw = _data(envelope)
    return Event(
        type=envelope.type,
        source=envelope.source,
        id=envelope.id,
        user_id=user_id,
        time=_time(envelope.time, record.timestamp_ms),
        data=read_data(envelope.type, raw, agents),
        raw=raw,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        logged_ms=record.timestamp_ms,
        traceparent=_traceparent(envelope.traceparent or trace),
    )


def _opened(headers: Headers, value: bytes) -> tuple[_Envelope, str | None]:
    """The envelope in whichever of the three forms the record has, and the `traceparent` beside it."""
    if not headers:
        return _from_json(value), None
    texts: dict[str, str] = {}
    for name, data in headers:
        if not name.isascii() and _SURROGATE.search(name):
            raise _Refused("not_an_event", "headers", "hold a name that is no UTF-8")
        lower = name.lower()
        if data and (lower.startswith("ce_") or lower in {"content-type", "traceparent"}):
            texts[lower] = data.decode("utf-8", "surrogateescape")
    structured = texts.get("content-type", "").strip().lower().startswith(STRUCTURED)
    if not structured and any(name in texts for name in _BINARY):
        return _from_headers(texts, value), texts.get("traceparent")
    return _from_json(value), texts.get("traceparent")


def _from_json(value: bytes) -> _Envelope:
    try:
        return _envelopes.decode(value)
    except msgspec.ValidationError as error:
        _any_json.decode(value)  # what is no JSON to its end is not_json, whatever came first
        wrong = from_validation(error, "")
        if wrong.field == "time":
            raise wrong from None
        raise _Refused("not_an_event", wrong.field or "value", wrong.problem) from None


def _from_headers(texts: dict[str, str], value: bytes) -> _Envelope:
    for name in ("ce_id", "ce_source", "ce_type"):
        if name not in texts:
            raise _Refused("not_an_event", name, "is missing")
    for name, text in texts.items():
        # Two ids that are read as the same one would make the second event a repetition of the first.
        if name.startswith("ce_") and not text.isascii() and _SURROGATE.search(text):
            raise _Refused("not_an_event", name, "is no UTF-8")
    try:
        time = msgspec.convert(texts["ce_time"], _WithOffset) if "ce_time" in texts else None
    except msgspec.ValidationError as error:
        raise from_validation(error, "ce_time") from None
    return _Envelope(
        id=texts["ce_id"],
        source=texts["ce_source"],
        type=texts["ce_type"],
        time=time,
        data=_any_json.decode(value),
        userid=texts.get("ce_userid"),
        specversion=texts.get("ce_specversion", "1.0"),
        traceparent=texts.get("ce_traceparent"),
    )


_WithOffset = Annotated[datetime, msgspec.Meta(tz=True)]


def _filled(value: bytes | None) -> bytes:
    if not value:
        raise _Refused("empty", "value", "is empty")
    if len(value) > VALUE_LIMIT:
        raise _Refused("too_large", "value", f"is longer than {VALUE_LIMIT} bytes")
    _bounded(value)
    return value


def _bounded(value: bytes) -> None:
    """Refuse what is no UTF-8 or nested too deeply: the decoders skip over what they need not look into."""
    if not value.isascii():
        value.decode()
    # A value of 512 bytes cannot close more than 256 brackets; fewer than 257 cannot be nested deeper either.
    if len(value) <= 2 * DEPTH_LIMIT or value.count(b"[") + value.count(b"{") <= DEPTH_LIMIT:
        return
    depth = 0
    for token in _TOKEN.finditer(value):
        first = token[0][:1]
        depth += (first in _OPENING) - (first in _CLOSING)
        if depth > DEPTH_LIMIT:
            raise _Refused("not_json", "value", f"is nested deeper than {DEPTH_LIMIT}")


def _data(envelope: _Envelope) -> bytes:
    raw = bytes(envelope.data)
    if envelope.data_base64 is not None and raw == _EMPTY:
        try:
            raw = b64decode(envelope.data_base64, validate=True)
            _bounded(raw)
            _any_json.decode(raw)
        except (binascii.Error, ValueError, TypeError, RecursionError, _Refused):
            raise Senseless("data_base64", "holds no JSON") from None
    return _EMPTY if raw == b"null" else raw


def _longest(envelope: _Envelope) -> str:
    return max(("id", "source", "type"), key=lambda name: len(getattr(envelope, name)))


def _time(time: datetime | None, logged_ms: int) -> datetime:
    """The event's own time, or the log's where it has none or runs too far ahead."""
    if time is None:
        return _logged(logged_ms)
    moment = utc(time, "time")
    if moment <= _surely_not_ahead(logged_ms // 60_000):
        return moment
    logged = _logged(logged_ms)
    return logged if moment > logged + AHEAD else moment


def _logged(ms: int) -> datetime:
    """The log's timestamp, where it is one: a producer may have written any 64 bits."""
    return EARLIEST + timedelta(milliseconds=min(max(ms, 0), _LATEST_MS))


_LATEST_MS = (LATEST - EARLIEST) // timedelta(milliseconds=1)


@lru_cache(maxsize=64)
def _surely_not_ahead(minute: int) -> datetime:
    """The latest time that is believed for every timestamp of this minute: most events need no closer look."""
    return _logged(minute * 60_000) + AHEAD


def _traceparent(text: object) -> str | None:
    """The trace that the event belongs to; what is no W3C `traceparent` is dropped, as that standard asks."""
    return text if isinstance(text, str) and _TRACEPARENT.fullmatch(text) else None


def _position(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"value: is no UTF-8 at byte {error.start}"
    where = _BYTE.search(str(error))
    return f"value: is no JSON at byte {where[1]}" if where else "value: is no JSON, or ends too early"
