"""MemoryBank: ten days of conversations between people and a companion, by day and without a time of day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import msgspec

from app.sources.plain_form import SourceError, event, welcome

SOURCE = "memorybank"
FIRST = time(9, tzinfo=UTC)
"""A day's first words; what is said is spread evenly from here on."""
WAKING = timedelta(hours=12)
ANSWERS_AFTER = timedelta(seconds=20)
ENDS_AFTER = timedelta(minutes=5)


class _Exchange(msgspec.Struct):
    query: str
    response: str


class _Person(msgspec.Struct):
    name: str
    history: dict[str, list[_Exchange]]


def events(path: Path) -> Iterator[bytes]:
    """All people's events in the order of their time: each exchange is two messages, each day a conversation."""
    try:
        people = msgspec.json.decode(path.read_bytes(), type=dict[str, _Person])
        told = [each for person in people.values() for each in _told(person)]
    except (msgspec.DecodeError, ValueError) as error:
        raise SourceError(f"{path}: is no MemoryBank history: {error}") from None
    told.sort(key=lambda each: each[0])  # stable: what happens at one time stays in its order
    return (line for _, line in told)


def _told(person: _Person) -> Iterator[tuple[datetime, bytes]]:
    user_id = person.name.lower()
    days = sorted(person.history)
    if days:
        begins = datetime.combine(datetime.fromisoformat(days[0]), FIRST) - timedelta(minutes=1)
        profile = {"name": person.name, "locale": "en", "timezone": "UTC"}
        for line in welcome(source=SOURCE, at=begins, user_id=user_id, profile=profile):
            yield begins, line
    for day in days:
        yield from _day(user_id, day, person.history[day])


def _day(user_id: str, day: str, exchanges: list[_Exchange]) -> Iterator[tuple[datetime, bytes]]:
    at = begins = datetime.combine(datetime.fromisoformat(day), FIRST)
    for n, exchange in enumerate(exchanges):
        at = begins + n * WAKING / len(exchanges)
        said = (
            ("message.received", exchange.query, at),
            ("message.sent", exchange.response, at + ANSWERS_AFTER),
        )
        for kind, text, when in said:
            message_id = f"{user_id}/{day}/{n}/{kind}"
            data = {"text": text, "message_id": message_id, "conversation_id": day}
            if text.strip():
                yield when, _event(user_id, message_id, kind, when, data)
    ends = at + ENDS_AFTER
    yield (
        ends,
        _event(user_id, f"{user_id}/{day}/ended", "conversation.ended", ends, {"conversation_id": day}),
    )


def _event(user_id: str, event_id: str, kind: str, at: datetime, data: dict[str, str]) -> bytes:
    return event(source=SOURCE, event_id=event_id, event_type=kind, at=at, user_id=user_id, data=data)
