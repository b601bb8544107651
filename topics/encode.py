"""How values are written: records as JSON, and an event as any service without CloudEvents would write it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from topics.record import NewRecord
from topics.user_events import USER_EVENTS

_encoder = msgspec.json.Encoder()


def encode(value: msgspec.Struct) -> bytes:
    """A record's value as JSON; times in UTC are RFC 3339 ending in Z."""
    return _encoder.encode(value)


def event_record(
    *,
    user_id: str,
    event_id: str,
    source: str,
    event_type: str,
    data: msgspec.Struct | Mapping[str, Any],
    timestamp_ms: int,
    time: datetime | None = None,
    traceparent: str | None = None,
) -> NewRecord:
    """An event for `user-events` in the plain form; without a `time` it has the log's."""
    body: dict[str, Any] = {"id": event_id, "source": source, "type": event_type}
    if time is not None:
        body["time"] = time
    body |= {"user_id": user_id, "data": data}
    if traceparent is not None:
        body["traceparent"] = traceparent
    return NewRecord(
        topic=USER_EVENTS.name,
        key=user_id.encode(),
        value=_encoder.encode(body),
        timestamp_ms=timestamp_ms,
    )
