"""The data of the known types: what is required, what makes sense, how words and times are made uniform."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar
from zoneinfo import available_timezones

import msgspec
from msgspec.structs import replace

from topics.senseless import Senseless, from_validation
from topics.text import clean, clean_body
from topics.user_events import (
    KNOWN_TYPES,
    AppOpened,
    CalendarChanged,
    ConsentChanged,
    ConversationEnded,
    Data,
    DigestItem,
    ExitOn,
    IntentMatured,
    IntentRequested,
    IntentRevoked,
    InterestNoticed,
    Message,
    ProfileUpdated,
    Receipt,
    UserErased,
)

MESSAGE_BYTES = 4096
"""A message counts for at most 4 KB, so that a row's 64 KB of unread text hold at least sixteen."""
ID_LIMIT = 1024
"""Characters of an id; the longest known in the wild are the 1,024 of calendar providers."""
EXIT_LIMIT = 20
EXIT_BYTES = 4096
"""All conditions of one intent, as JSON: 50 open intents with the most of it stay within a row's 256 KB."""
EXIT_DEPTH = 16

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""What is before is the zero value of somebody's language, not a time in a person's life."""
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""What is after, such as 9999-12-31 for "never", counts as this: a delay can be added to every time."""

_WALL_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}")
_NO_PLACE = frozenset({"Factory", "localtime"})  # listed among the zones, and nobody's

Known = TypeVar("Known", bound=msgspec.Struct)


def read_data(event_type: str, raw: bytes | msgspec.Raw, agents: frozenset[str]) -> Data:
    """The typed data of a known type, None for others; raises Senseless, or JSON's own errors."""
    reader = _READERS.get(event_type)
    if reader is None:
        return None
    decoder, check = reader
    if decoder is None:
        return check(None, agents)
    try:
        data = decoder.decode(raw)
    except msgspec.ValidationError as error:
        data = _without_nulls(decoder, raw, error)
    return check(data, agents)


def utc(moment: datetime, field: str) -> datetime:
    """The same instant in UTC, within the times that can be counted with."""
    if moment.tzinfo is not UTC:
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:  # at the calendar's very ends, beyond both bounds
            moment = moment.replace(tzinfo=UTC)
    if moment < EARLIEST:
        raise Senseless(field, "is before 1970")
    return min(moment, LATEST)


def _without_nulls(decoder: msgspec.json.Decoder[Any], raw: bytes | msgspec.Raw, error: Exception) -> Any:
    """An optional field that is null is one that was not given: many serializers write it so."""
    try:
        fields = msgspec.json.decode(raw)
        if isinstance(fields, dict) and None in fields.values():
            given = {name: value for name, value in fields.items() if value is not None}
            return decoder.decode(msgspec.json.encode(given))
    except msgspec.ValidationError as second:
        error = second
    raise from_validation(error, "data") from None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_PLACE


def _profile(data: ProfileUpdated, _agents: frozenset[str]) -> ProfileUpdated:
    if data.timezone is not None and data.timezone not in _zones():
        raise Senseless("data.timezone", "is no IANA time zone: write it like Europe/Madrid")
    if data.locale is not None and not _LOCALE.fullmatch(data.locale):
        raise Senseless("data.locale", "is no locale: write it like en or pt-BR")
    hours = data.quiet_hours
    if hours is not None:
        for end in ("start", "end"):
            if not _WALL_CLOCK.fullmatch(getattr(hours, end)):
                raise Senseless(f"data.quiet_hours.{end}", 'is no time of day: write it like "21:00"')
    return data if data.name is None else _with(data, name=clean(data.name))


def _consent(data: ConsentChanged, _agents: frozenset[str]) -> ConsentChanged:
    return _with(data, agent=_named(data.agent, "agent"))


def _message(data: Message, _agents: frozenset[str]) -> Message:
    if len(data.message_id) + len(data.conversation_id) + len(data.in_reply_to) > ID_LIMIT:
        _id(data.message_id, "message_id")
        _id(data.conversation_id, "conversation_id")
        _id(data.in_reply_to, "in_reply_to")
    text = clean_body(data.text, MESSAGE_BYTES)
    if not text:
        raise Senseless("data.text", "is empty")
    return data if text == data.text else replace(data, text=text)


def _conversation(data: ConversationEnded, _agents: frozenset[str]) -> ConversationEnded:
    _id(data.conversation_id, "conversation_id")
    return data


def _interest(data: InterestNoticed, _agents: frozenset[str]) -> InterestNoticed:
    return _with(data, topic=_named(data.topic, "topic"))


def _calendar(data: CalendarChanged, _agents: frozenset[str]) -> CalendarChanged:
    _id(data.calendar_event_id, "calendar_event_id", required=True)
    title, starts_at, ends_at = clean(data.title), data.starts_at, data.ends_at
    if data.status != "cancelled":
        if not title:
            raise Senseless("data.title", "is missing, and the appointment is not cancelled")
        if starts_at is None:
            raise Senseless("data.starts_at", "is missing, and the appointment is not cancelled")
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise Senseless("data.ends_at", "is before starts_at")
    return replace(
        data,
        title=title,
        starts_at=None if starts_at is None else utc(starts_at, "data.starts_at"),
        ends_at=None if ends_at is None else utc(ends_at, "data.ends_at"),
    )


def _digest_item(data: DigestItem, _agents: frozenset[str]) -> DigestItem:
    _id(data.item_id, "item_id", required=True)
    if not 0 <= data.importance <= 1:
        raise Senseless("data.importance", "is not within 0 and 1")
    return _with(data, title=_named(data.title, "title"))


def _requested(data: IntentRequested, agents: frozenset[str]) -> IntentRequested:
    if data.agent not in agents:
        raise Senseless("data.agent", "is the name of no registered agent")
    _id(data.subject_key, "subject_key")
    if data.expires_at is not None and data.expires_at < data.due_at:
        raise Senseless("data.expires_at", "is before due_at")
    if data.exit_on:
        _exits(data.exit_on)
    return replace(
        data,
        subject=_named(data.subject, "subject"),
        due_at=utc(data.due_at, "data.due_at"),
        expires_at=None if data.expires_at is None else utc(data.expires_at, "data.expires_at"),
    )


def _exits(exits: tuple[ExitOn, ...]) -> None:
    if len(exits) > EXIT_LIMIT:
        raise Senseless("data.exit_on", f"has more than {EXIT_LIMIT} conditions")
    for number, one in enumerate(exits):
        _id(one.type, f"exit_on[{number}].type", required=True)
        if _depth(one.where) > EXIT_DEPTH:
            raise Senseless(f"data.exit_on[{number}].where", f"is nested deeper than {EXIT_DEPTH}")
    if len(msgspec.json.encode(exits)) > EXIT_BYTES:
        raise Senseless("data.exit_on", f"is longer than {EXIT_BYTES} bytes")


def _depth(value: object) -> int:
    """How deep a JSON value is nested, counted no further than one level beyond the bound."""
    level, values = 0, [value]
    while level <= EXIT_DEPTH:
        below: list[object] = []
        for one in values:
            below += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        if not any(isinstance(one, dict | list) for one in values):
            break
        level, values = level + 1, below
    return level


def _revoked(data: IntentRevoked, _agents: frozenset[str]) -> IntentRevoked:
    _id(data.intent_id, "intent_id")
    _id(data.subject_key, "subject_key")
    if not data.intent_id and not data.subject_key:
        raise Senseless("data.intent_id", "is missing, and so is subject_key: one of the two is required")
    return data


def _receipt(data: Receipt, _agents: frozenset[str]) -> Receipt:
    _id(data.nudge_id, "nudge_id", required=True)
    return _with(data, reason=clean(data.reason))


def _matured(data: IntentMatured, _agents: frozenset[str]) -> IntentMatured:
    if not data.intents:
        raise Senseless("data.intents", "is empty")
    for number, one in enumerate(data.intents):
        _id(one.intent_id, f"intents[{number}].intent_id", required=True)
    return data


def _opened(_data: None, _agents: frozenset[str]) -> AppOpened:
    return AppOpened()


def _erased(_data: None, _agents: frozenset[str]) -> UserErased:
    return UserErased()


def _id(text: str, field: str, *, required: bool = False) -> None:
    if required and (not text or text.isspace()):
        raise Senseless(f"data.{field}", "is empty")
    if len(text) > ID_LIMIT:
        raise Senseless(f"data.{field}", f"is longer than {ID_LIMIT} characters")


def _named(text: str, field: str) -> str:
    name = clean(text)
    if not name:
        raise Senseless(f"data.{field}", "is empty")
    return name


def _with(data: Known, **words: str) -> Known:
    """The data with these words; the same object when nothing had to be changed."""
    for name, word in words.items():
        if getattr(data, name) != word:
            return replace(data, **words)
    return data


_CHECKS: Mapping[type[msgspec.Struct], Callable[[Any, frozenset[str]], Any]] = {
    ProfileUpdated: _profile,
    ConsentChanged: _consent,
    Message: _message,
    ConversationEnded: _conversation,
    AppOpened: _opened,
    InterestNoticed: _interest,
    CalendarChanged: _calendar,
    DigestItem: _digest_item,
    IntentRequested: _requested,
    IntentRevoked: _revoked,
    Receipt: _receipt,
    UserErased: _erased,
    IntentMatured: _matured,
}
# Types that say everything by themselves: what stands beside is not looked at, lest an erasure be lost.
_WITHOUT_FIELDS = {AppOpened, UserErased}
_READERS: Mapping[str, tuple[msgspec.json.Decoder[Any] | None, Callable[[Any, frozenset[str]], Data]]] = {
    name: (None if kind in _WITHOUT_FIELDS else msgspec.json.Decoder(kind), _CHECKS[kind])
    for name, kind in KNOWN_TYPES.items()
}
