"""From which event something follows."""

from __future__ import annotations

from datetime import datetime

import msgspec

from topics.record import Ref
from topics.user_events import Event


class Origin(msgspec.Struct, frozen=True, gc=False):
    """The event that something follows from: its identity, place, time and trace."""

    source: str
    id: str
    ref: Ref
    at: datetime
    traceparent: str | None = None


def ref_of(event: Event) -> Ref:
    """Where the event stands."""
    return Ref(event.topic, event.partition, event.offset, f"{event.source}/{event.id}")


def placed(by: Event | Ref) -> Ref:
    """Where it stands; a place made of an event only where it is needed."""
    return by if isinstance(by, Ref) else ref_of(by)


def origin_of(event: Event) -> Origin:
    """The event as that from which something follows."""
    return Origin(event.source, event.id, ref_of(event), event.time, event.traceparent)
