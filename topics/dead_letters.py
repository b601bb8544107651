"""What could not be understood: kept untouched, with the reason and the place it came from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from topics.record import Headers, NewRecord, Record
from topics.topic import Topic

DEAD_LETTER = Topic(
    name="dead-letter",
    cleanup="delete",
    retention=timedelta(days=30),
    key="the record's own, untouched; it may be missing",
    holds="What could not be understood: untouched, with `tactful_` headers that say why.",
    # Twice the broker's default for a record, so that what fitted into user-events fits in here.
    settings={"max.message.bytes": str(2 * 1024 * 1024)},
    single_partition=True,
)

DeadReason = Literal[
    "not_json",
    "not_an_event",
    "invalid_data",
    "no_key",
    "key_mismatch",
    "empty",
    "misrouted",
    "too_large",
    "bad_key",
    "defect",
]
DEAD_REASONS: tuple[str, ...] = get_args(DeadReason)

MARK = "tactful_"
"""The beginning of every header that Tactful adds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def dead_letter(record: Record, reason: DeadReason, error: str, at_ms: int) -> NewRecord:
    """The dead letter of a record; `error` names fields and positions and never holds the person's words."""
    at = (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")
    marks = {
        "reason": reason,
        "error": error,
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "at": at.replace("+00:00", "Z"),
    }
    return NewRecord(
        topic=DEAD_LETTER.name,
        key=record.key,
        value=record.value,
        timestamp_ms=at_ms,
        headers=(*record.headers, *((MARK + name, text.encode()) for name, text in marks.items())),
    )


def as_it_came(headers: Headers) -> Headers:
    """The headers that a dead letter had before it became one: what a replay writes."""
    return tuple((name, value) for name, value in headers if not name.startswith(MARK))
