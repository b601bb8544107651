"""An event of `user-events` as anybody may read it: a decoder of our own, so that one mistake is not made twice."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from topics.record import Record

AHEAD = timedelta(minutes=5)
"""An event's time more than this ahead of the log's own counts as the log's."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to whom, and where it stands."""

    user: str
    partition: int
    offset: int
    logged: datetime
    time: datetime
    type: str
    source: str
    id: str
    data: dict[str, Any]


def event_of(record: Record) -> Event | None:
    """The event of a record; None for what is none, about which nothing is claimed."""
    try:
        headers = {name.lower(): value.decode() for name, value in record.headers if value is not None}
        body = json.loads(record.value or b"")
        if "ce_type" in headers and not headers.get("content-type", "").startswith("application/cloudevents"):
            body = {
                "type": headers["ce_type"],
                "source": headers["ce_source"],
                "id": headers["ce_id"],
                "time": headers.get("ce_time"),
                "data": body,
            }
        data = body.get("data")
        if data is None and "data_base64" in body:
            data = json.loads(b64decode(body["data_base64"]))
        logged = logged_at(record)
        return Event(
            user=(record.key or b"").decode(),
            partition=record.partition,
            offset=record.offset,
            logged=logged,
            time=_time(body.get("time"), logged),
            type=str(body["type"]),
            source=str(body["source"]),
            id=str(body["id"]),
            data=data if isinstance(data, dict) else {},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def logged_at(record: Record) -> datetime:
    """When the log had the record, kept within the calendar."""
    return _EPOCH + timedelta(milliseconds=min(max(record.timestamp_ms, 0), 221_845_392_000_000))


def _time(given: str | None, logged: datetime) -> datetime:
    if given is None:
        return logged
    time = datetime.fromisoformat(given)
    return logged if time > logged + AHEAD else time
