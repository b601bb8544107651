"""Events as services write them, and what becomes of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from topics.decode import Undecodable, decode
from topics.record import Headers, Record
from topics.user_events import Event

AGENTS = frozenset({"follow_up", "calendar", "digest", "re_engagement", "curiosity"})
LOGGED = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
LOGGED_MS = int(LOGGED.timestamp() * 1000)


def record(
    value: bytes | None, *, key: bytes | None = b"ana", headers: Headers = (), at: int = LOGGED_MS
) -> Record:
    """A record of `user-events` as the log gives it."""
    return Record("user-events", 3, 41, key, value, at, headers)


def plain(event_type: str, data: object = None, **others: object) -> bytes:
    """An event in the plain form; `others` replace or add fields, None takes one away."""
    body: dict[str, Any] = {"id": "e-1", "source": "test", "type": event_type, "user_id": "ana"}
    if data is not None:
        body["data"] = data
    return json.dumps({name: value for name, value in (body | others).items() if value is not None}).encode()


def understood(value: bytes, headers: Headers = (), key: bytes = b"ana", at: int = LOGGED_MS) -> Event:
    """The event of a record that is one."""
    event = decode(record(value, key=key, headers=headers, at=at), agents=AGENTS)
    assert isinstance(event, Event), event
    return event


def refused(value: bytes | None, headers: Headers = (), key: bytes | None = b"ana") -> Undecodable:
    """Why a record is no event."""
    why = decode(record(value, key=key, headers=headers), agents=AGENTS)
    assert isinstance(why, Undecodable), why
    return why


COMPLETE: dict[str, Any] = {
    "profile.updated": {
        "timezone": "Europe/Madrid",
        "locale": "pt-BR",
        "name": "Ana",
        "quiet_hours": {"start": "22:00", "end": "07:30"},
    },
    "consent.changed": {"agent": "*", "granted": True, "evidence": "sign-up, page 2"},
    "message.received": {
        "text": "Surgery on Thursday.\nI'm scared.",
        "message_id": "m-1",
        "conversation_id": "c-1",
        "in_reply_to": "n-1",
    },
    "message.sent": {"text": "I'll ask again on Friday."},
    "conversation.ended": {"conversation_id": "c-1"},
    "app.opened": {},
    "interest.noticed": {"topic": "falconry"},
    "calendar.changed": {
        "calendar_event_id": "cal-1",
        "title": "Dentist",
        "starts_at": "2026-03-06T09:00:00+01:00",
        "ends_at": "2026-03-06T10:00:00+01:00",
        "status": "confirmed",
    },
    "digest.item": {"item_id": "i-1", "title": "The bridge is open again", "importance": 1},
    "intent.requested": {
        "agent": "follow_up",
        "subject": "the harvest",
        "due_at": "2026-06-08T15:00:00+01:00",
        "expires_at": "2026-06-08T20:00:00+01:00",
        "subject_key": "harvest",
        "exit_on": [{"type": "harvest.weighed", "where": {"tons": 3}}, {"type": "harvest.lost"}],
    },
    "intent.revoked": {"subject_key": "harvest"},
    "nudge.delivered": {"nudge_id": "n-1"},
    "nudge.failed": {"nudge_id": "n-1", "reason": "no device"},
    "nudge.opened": {"nudge_id": "n-1"},
    "nudge.replied": {"nudge_id": "n-1"},
    "nudge.dismissed": {"nudge_id": "n-1"},
    "user.erased": {},
    "intent.matured": {"intents": [{"intent_id": "abc", "version": 2}]},
}
"""Every known type with all that it may say."""
