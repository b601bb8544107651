"""Events in the plain form, made from somebody else's data; the same data gives the same events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class SourceError(ValueError):
    """The file is not what its format says. Operator action: mend the place that the message names."""


def event(
    *, source: str, event_id: str, event_type: str, at: datetime, user_id: str, data: dict[str, Any]
) -> bytes:
    """One event as any service would write it."""
    return msgspec.json.encode(
        {"id": event_id, "source": source, "type": event_type, "time": at, "user_id": user_id, "data": data}
    )


def welcome(*, source: str, at: datetime, user_id: str, profile: dict[str, Any]) -> list[bytes]:
    """What must be known of a person before anything of theirs counts: a profile, and consent to every agent."""
    said = {"profile.updated": profile, "consent.changed": {"agent": "*", "granted": True}}
    return [
        event(source=source, event_id=f"{user_id}/{kind}", event_type=kind, at=at, user_id=user_id, data=data)
        for kind, data in said.items()
    ]
