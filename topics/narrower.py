"""What a reader of JSON Schemas learns beyond the types: the bounds that `data.py` holds events to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topics.data import EXIT_LIMIT, ID_LIMIT
from topics.user_events import (
    CalendarChanged,
    ConsentChanged,
    ConversationEnded,
    DigestItem,
    ExitOn,
    IntentMatured,
    IntentRequested,
    IntentRevoked,
    InterestNoticed,
    Message,
    ProfileUpdated,
    QuietHours,
    Receipt,
)

_ID = {"maxLength": ID_LIMIT}
_NEEDED = {"minLength": 1, "maxLength": ID_LIMIT}
_WORDS = {"minLength": 1}
_WALL_CLOCK = {"pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}

FIELDS: Mapping[type, Mapping[str, Mapping[str, Any]]] = {
    ExitOn: {"type": _NEEDED},
    QuietHours: {"start": _WALL_CLOCK, "end": _WALL_CLOCK},
    ProfileUpdated: {"locale": {"pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}$"}},
    ConsentChanged: {"agent": _WORDS},
    Message: {"text": _WORDS, "message_id": _ID, "conversation_id": _ID, "in_reply_to": _ID},
    ConversationEnded: {"conversation_id": _ID},
    InterestNoticed: {"topic": _WORDS},
    CalendarChanged: {"calendar_event_id": _NEEDED},
    DigestItem: {"item_id": _NEEDED, "title": _WORDS, "importance": {"minimum": 0, "maximum": 1}},
    IntentRequested: {
        "agent": _WORDS,
        "subject": _WORDS,
        "subject_key": _ID,
        "exit_on": {"maxItems": EXIT_LIMIT},
    },
    IntentRevoked: {"intent_id": _ID, "subject_key": _ID},
    IntentMatured: {"intents": {"minItems": 1}},
    Receipt: {"nudge_id": _NEEDED},
}
"""By struct and field; what no schema can say (a zone that exists, words that are seen) `decode` still refuses."""

WHOLE: Mapping[type, Mapping[str, Any]] = {
    CalendarChanged: {
        "if": {"properties": {"status": {"const": "cancelled"}}, "required": ["status"]},
        "then": {},
        "else": {
            "required": ["title", "starts_at"],
            "properties": {"title": {"minLength": 1}, "starts_at": {"type": "string"}},
        },
    },
    IntentRevoked: {
        "anyOf": [
            {"required": [name], "properties": {name: {"minLength": 1}}}
            for name in ("intent_id", "subject_key")
        ]
    },
}
"""By struct: what several fields have to say together."""
