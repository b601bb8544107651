"""CloudEvents as they come over HTTP, made into the records that a service on Kafka would have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from topics.decode import Undecodable, decode
from topics.record import Headers, NewRecord, Record
from topics.user_events import USER_EVENTS

OURS = "intent.matured"
"""Only the worker says that an intent's time has come."""

_STRUCTURED = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_JSON_HEADER: Headers = (("content-type", _STRUCTURED.encode()),)


class BadEvent(ValueError):  # said of the event, not of our code
    """An event that is refused: the field that is wrong, and the problem, without the value."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class _Named(msgspec.Struct, frozen=True):
    type: Any = None
    userid: Any = None
    user_id: Any = None
    specversion: Any = None


_naming = msgspec.json.Decoder(_Named)
_lists = msgspec.json.Decoder(list[msgspec.Raw])
_any_json = msgspec.json.Decoder(msgspec.Raw)


def from_cloudevent_http(
    headers: Mapping[str, str], body: bytes, *, agents: frozenset[str], now_ms: int
) -> list[NewRecord]:
    """The records of a request, structured, binary, a batch or the plain form; BadEvent refuses all of it.

    What is accepted here is understood by `decode`: the same rules, asked before the log has it.
    """
    given = {name.lower(): value for name, value in headers.items()}
    media = given.get("content-type", "").partition(";")[0].strip().lower()
    beside = _beside(given)
    if media == _BATCH:
        return _batch(body, beside, agents=agents, now_ms=now_ms)
    if media == _STRUCTURED:
        return [_structured(body, beside, agents=agents, now_ms=now_ms)]
    if media.startswith("application/cloudevents"):
        raise BadEvent("content-type", f"is not understood: write {_STRUCTURED} or {_BATCH}")
    if any(name.startswith("ce-") for name in given):
        return [_structured(_from_binary(given, media, body), beside, agents=agents, now_ms=now_ms)]
    if media in {"", "application/json"}:
        return [plain_record(body, beside, agents=agents, now_ms=now_ms)]
    raise BadEvent(
        "content-type", f"is not understood: write {_STRUCTURED}, or the ce- headers of the binary mode"
    )


def plain_record(value: bytes, headers: Headers = (), *, agents: frozenset[str], now_ms: int) -> NewRecord:
    """The record of one event in the plain form, its person taken from `user_id`."""
    named = _name(value)
    if named.specversion is not None:
        headers = _JSON_HEADER + headers
    return _checked(value, named, headers, agents=agents, now_ms=now_ms)


def _batch(body: bytes, beside: Headers, *, agents: frozenset[str], now_ms: int) -> list[NewRecord]:
    try:
        events = _lists.decode(body)
    except (ValueError, RecursionError):
        raise BadEvent("body", "is no JSON array of events") from None
    records = []
    for number, event in enumerate(events):
        try:
            records.append(_structured(bytes(event), beside, agents=agents, now_ms=now_ms))
        except BadEvent as bad:
            raise BadEvent(f"[{number}].{bad.field}", bad.message) from None
    return records


def _structured(value: bytes, beside: Headers, *, agents: frozenset[str], now_ms: int) -> NewRecord:
    named = _name(value)
    if named.specversion is None:
        raise BadEvent("specversion", "is missing: write 1.0")
    return _checked(value, named, _JSON_HEADER + beside, agents=agents, now_ms=now_ms)


def _from_binary(given: Mapping[str, str], media: str, body: bytes) -> bytes:
    """The same event in structured mode, so that the log holds one form of it."""
    if media and media != "application/json" and not media.endswith("+json"):
        raise BadEvent("content-type", "is no JSON: the data of events is JSON")
    event: dict[str, Any] = {
        name[3:]: _header_text(value) for name, value in given.items() if name.startswith("ce-")
    }
    if body:
        try:
            event["data"] = _any_json.decode(body)
        except (ValueError, RecursionError):
            raise BadEvent("data", "is no JSON") from None
    return msgspec.json.encode(event)


def _name(value: bytes) -> _Named:
    try:
        return _naming.decode(value)
    except msgspec.ValidationError:
        raise BadEvent("body", "is no JSON object") from None
    except (ValueError, RecursionError):
        raise BadEvent("body", "is no JSON") from None


def _checked(
    value: bytes, named: _Named, headers: Headers, *, agents: frozenset[str], now_ms: int
) -> NewRecord:
    user_id = named.userid if named.userid is not None else named.user_id
    name = "userid" if named.user_id is None else "user_id"
    if not isinstance(user_id, str) or not user_id:
        raise BadEvent(name, "is missing: it names the person")
    if named.type == OURS:
        raise BadEvent("type", f"{OURS} is written by the worker alone")
    record = Record(
        topic=USER_EVENTS.name,
        partition=0,
        offset=0,
        key=user_id.encode(),
        value=value,
        timestamp_ms=now_ms,
        headers=headers,
    )
    event = decode(record, agents=agents)
    if isinstance(event, Undecodable):
        field = {"key": name, "value": "body"}.get(event.field, event.field)
        raise BadEvent(field, event.error.removeprefix(f"{event.field}: "))
    return NewRecord(topic=record.topic, key=record.key, value=value, timestamp_ms=now_ms, headers=headers)


def _beside(given: Mapping[str, str]) -> Headers:
    """The request's own trace, which counts where an event names none."""
    trace = given.get("traceparent")
    return (("traceparent", trace.encode("utf-8", "replace")),) if trace else ()


def _header_text(value: str) -> str:
    """A header's value, percent-decoded as the HTTP binding asks; bytes that are no UTF-8 are replaced."""
    text = unquote(value, errors="replace")
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
