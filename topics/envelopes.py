"""What stands around an event's data: the key, and an envelope in one of three forms, or what is wrong with it."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from datetime import datetime
from typing import Annotated, Any

import msgspec

from topics.data import ID_LIMIT
from topics.dead_letters import DeadReason
from topics.record import Headers, Record
from topics.senseless import Senseless, from_validation

VALUE_LIMIT = 262_144
"""256 KB: what one row may hold, and far below the broker's 1 MB."""
DEPTH_LIMIT = 256
"""Nesting of a value; beyond it the decoders' own recursion would depend on the caller's stack."""
SHALLOW = 2 * DEPTH_LIMIT
"""A value of so many bytes cannot close more brackets than that: it need not be looked at for its depth."""
NO_DATA = b"{}"

STRUCTURED = "application/cloudevents"
_BINARY = ("ce_id", "ce_source", "ce_type", "ce_specversion")


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """What stands around the data, in a plain or a structured event alike."""

    id: str
    source: str
    type: str
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    data: msgspec.Raw = msgspec.Raw(NO_DATA)
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

_envelopes = msgspec.json.Decoder(Envelope)
_any_json = msgspec.json.Decoder(msgspec.Raw)


class Refused(Exception):  # not an error of ours: how a reason leaves the depth
    def __init__(self, reason: DeadReason, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.reason = reason
        self.field = field


def person(key: bytes | None) -> str:
    if not key:
        raise Refused("no_key", "key", "is missing: it names the person")
    try:
        user_id = key.decode()
    except UnicodeDecodeError as error:
        raise Refused("bad_key", "key", f"is no UTF-8 at byte {error.start}") from None
    if not user_id.isprintable() and _CONTROL.search(user_id):
        raise Refused("bad_key", "key", "holds control characters")
    return user_id


def opened(record: Record, user_id: str) -> tuple[Envelope, object]:
    """The envelope of a record of this person, in any of the three forms, and its `traceparent`; or why not."""
    envelope, trace = _opened(record.headers, filled(record.value))
    if not envelope.id or not envelope.source or not envelope.type:
        name = "id" if not envelope.id else "type" if envelope.source else "source"
        raise Refused("not_an_event", name, "is empty")
    if envelope.specversion != "1.0":
        raise Refused("not_an_event", "specversion", "is not 1.0")
    if envelope.user_id is not None and envelope.user_id != user_id:
        raise Refused("key_mismatch", "user_id", "names another person than the key")
    if envelope.userid is not None and envelope.userid != user_id:
        raise Refused("key_mismatch", "userid", "names another person than the key")
    if len(envelope.id) > ID_LIMIT or len(envelope.source) > ID_LIMIT or len(envelope.type) > ID_LIMIT:
        raise Senseless(_longest(envelope), f"is longer than {ID_LIMIT} characters")
    return envelope, envelope.traceparent or trace


def _opened(headers: Headers, value: bytes) -> tuple[Envelope, str | None]:
    """The envelope in whichever of the three forms the record has, and the `traceparent` beside it."""
    if not headers:
        return _from_json(value), None
    texts: dict[str, str] = {}
    for name, data in headers:
        if not name.isascii() and _SURROGATE.search(name):
            raise Refused("not_an_event", "headers", "hold a name that is no UTF-8")
        lower = name.lower()
        if data and (lower.startswith("ce_") or lower in {"content-type", "traceparent"}):
            texts[lower] = data.decode("utf-8", "surrogateescape")
    structured = texts.get("content-type", "").strip().lower().startswith(STRUCTURED)
    if not structured and any(name in texts for name in _BINARY):
        return _from_headers(texts, value), texts.get("traceparent")
    return _from_json(value), texts.get("traceparent")


def _from_json(value: bytes) -> Envelope:
    try:
        return _envelopes.decode(value)
    except msgspec.ValidationError as error:
        _any_json.decode(value)  # what is no JSON to its end is not_json, whatever came first
        wrong = from_validation(error, "")
        if wrong.field == "time":
            raise wrong from None
        raise Refused("not_an_event", wrong.field or "value", wrong.problem) from None


def _from_headers(texts: dict[str, str], value: bytes) -> Envelope:
    for name in ("ce_id", "ce_source", "ce_type"):
        if name not in texts:
            raise Refused("not_an_event", name, "is missing")
    for name, text in texts.items():
        # Two ids that are read as the same one would make the second event a repetition of the first.
        if name.startswith("ce_") and not text.isascii() and _SURROGATE.search(text):
            raise Refused("not_an_event", name, "is no UTF-8")
    try:
        time = msgspec.convert(texts["ce_time"], _WithOffset) if "ce_time" in texts else None
    except msgspec.ValidationError as error:
        raise from_validation(error, "ce_time") from None
    return Envelope(
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


def filled(value: bytes | None) -> bytes:
    if not value:
        raise Refused("empty", "value", "is empty")
    if len(value) > VALUE_LIMIT:
        raise Refused("too_large", "value", f"is longer than {VALUE_LIMIT} bytes")
    _bounded(value)
    return value


def _bounded(value: bytes) -> None:
    """Refuse what is no UTF-8 or nested too deeply: the decoders skip over what they need not look into."""
    if not value.isascii():
        value.decode()
    # A value of 512 bytes cannot close more than 256 brackets; fewer than 257 cannot be nested deeper either.
    if len(value) <= SHALLOW or value.count(b"[") + value.count(b"{") <= DEPTH_LIMIT:
        return
    depth = 0
    for token in _TOKEN.finditer(value):
        first = token[0][:1]
        depth += (first in _OPENING) - (first in _CLOSING)
        if depth > DEPTH_LIMIT:
            raise Refused("not_json", "value", f"is nested deeper than {DEPTH_LIMIT}")


def from_base64(text: Any) -> bytes:
    try:
        raw = b64decode(text, validate=True)
        _bounded(raw)
        _any_json.decode(raw)
    except (binascii.Error, ValueError, TypeError, RecursionError, Refused):
        raise Senseless("data_base64", "holds no JSON") from None
    return raw


def _longest(envelope: Envelope) -> str:
    return max(("id", "source", "type"), key=lambda name: len(getattr(envelope, name)))
