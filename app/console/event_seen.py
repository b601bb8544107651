"""One event of a person's log as a page shows it, with or without its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from app.console.person_row import CUT
from app.console.values import HIDDEN, EventSeen
from app.core.head import Head
from app.drivers.served import is_done
from app.outside.log import moment
from app.outside.shown import header
from topics.decode import Undecodable, decode
from topics.record import Record, Ref
from topics.user_events import Event, Message, Receipt

FACT = 300
"""Characters of one field; more of it stands in the copy as JSON lines that `tactful events tail` gives."""
WITHOUT_WORDS = frozenset(
    {
        "agent",
        "granted",
        "status",
        "starts_at",
        "ends_at",
        "due_at",
        "expires_at",
        "intent_id",
        "intents",
        "importance",
        "timezone",
        "locale",
        "quiet_hours",
        "start",
        "end",
    }
)
"""Fields that hold no words of anybody."""
_ELSEWHERE = {"text", "message_id", "nudge_id", "in_reply_to"}
UNREADABLE = "unreadable"


def event_seen(record: Record, *, agents: frozenset[str], shown: bool, head: Head | None) -> EventSeen:
    """What a record of `user-events` says; without `shown` none of its words."""
    decided = head is None or is_done(head, record.offset)
    event = decode(record, agents=agents)
    if isinstance(event, Undecodable):
        size = header(record, CUT)
        why = f"{size} bytes, too large to be kept here" if size else f"{event.reason}: {event.error}"
        return EventSeen(
            ref=Ref(record.topic, record.partition, record.offset, ""),
            at=moment(record.timestamp_ms),
            type=UNREADABLE,
            source="",
            facts={"why": why},
            decided=decided,
        )
    data = event.data
    return EventSeen(
        ref=Ref(record.topic, record.partition, record.offset, f"{event.source}/{event.id}"),
        at=event.time,
        type=event.type,
        source=event.source,
        speaker=_speaker(event),
        text="" if not isinstance(data, Message) else data.text if shown else HIDDEN,
        message_id=data.message_id if isinstance(data, Message) else "",
        nudge_id=_nudge(event),
        facts=dict(_facts(event, shown=shown)),
        ours=event.type == "intent.matured",
        decided=decided,
    )


def _speaker(event: Event) -> Any:
    return {"message.received": "person", "message.sent": "assistant"}.get(event.type, "")


def _nudge(event: Event) -> str:
    match event.data:
        case Receipt(nudge_id=nudge_id):
            return nudge_id
        case Message(in_reply_to=nudge_id):
            return nudge_id
        case _:
            return ""


def _facts(event: Event, *, shown: bool) -> Iterator[tuple[str, str]]:
    """Each field of the data on a line; of the words only that they are there."""
    raw = msgspec.json.decode(event.raw or b"{}")
    if not isinstance(raw, Mapping):
        return
    for name, value in raw.items():
        if name in _ELSEWHERE and event.data is not None:
            continue
        if shown or (event.data is not None and name in WITHOUT_WORDS):
            yield str(name), _line(value)
        else:
            yield str(name), HIDDEN


def _line(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = " ".join(text.split())
    return text if len(text) <= FACT else text[: FACT - 1] + "…"
