"""From which event something follows."""

from __future__ import annotations

from datetime import datetime

import msgspec

from topics.record import Ref
from topics.user_events import Event


class Origin(msgspec.Struct, frozen=True):
    """The event that something follows from: its identity, place, time and trace."""

    source: str
    id: str
    ref: Ref
    at: datetime
    traceparent: str | None = None


def origin_of(event: Event) -> Origin:
    """The event as that from which something follows."""
    ref = Ref(event.topic, event.partition, event.offset, f"{event.source}/{event.id}")
    return Origin(event.source, event.id, ref, event.time, event.traceparent)
