"""What is known of an intent from the event that opened it: its key, and when it was really open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from app.verify.event import AHEAD, Event
from app.verify.kept import Written
from app.verify.seen import Seen
from topics.text import fold


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """An intent, open or closed, with the event that opened it where the log still has that."""

    user: str
    partition: int
    intent_id: str
    agent: str
    subject: str
    opened: int
    """The offset of the event that it follows from."""
    opener: Event | None
    closed: int | None = None
    """The offset of the event that closed it; None when it is open, or no event did."""
    outcome: Written | None = None

    @property
    def by_reading(self) -> bool:
        """Whether a reading may have opened it: then later than its event, at a time that the offset does not tell."""
        return self.opener is None or self.opener.type.startswith("message.")

    @property
    def key(self) -> tuple[str, bool] | None:
        """Its subject key and whether that was given; None when that cannot be told from outside."""
        if self.opener is None:
            return None
        data = self.opener.data
        if self.opener.type == "intent.requested":
            given = data.get("subject_key")
            return (given, True) if given else (fold(str(data.get("subject", ""))), False)
        match self.agent:
            case "calendar" if self.opener.type == "calendar.changed":
                return str(data.get("calendar_event_id")), True
            case "follow_up" | "curiosity" | "re_engagement" | "digest":
                return (fold(self.subject), False) if self.subject else None
            case _:
                return None  # another agent may give any key

    def is_named_by(self, data: dict[str, Any]) -> bool:
        """Whether an `intent.revoked` means this one."""
        if data.get("intent_id"):
            return bool(data["intent_id"] == self.intent_id)
        key, named = self.key, data.get("subject_key")
        return key is not None and bool(named) and key[0] == (named if key[1] else fold(str(named)))

    def is_asked_for_by(self, data: dict[str, Any]) -> bool:
        """Whether an `intent.requested` moves this one; so it does when nobody can tell."""
        if data.get("agent") != self.agent:
            return False
        return self.key is None or self.key[0] == (
            data.get("subject_key") or fold(str(data.get("subject", "")))
        )


def lives(seen: Seen) -> Iterator[Life]:
    """All intents that the topics show, closed and open."""
    for outcome in seen.outcomes:
        value = outcome.value
        by, ended = value["opened_by"], value["closed_by"]
        yield Life(
            user=outcome.key,
            partition=by["partition"],
            intent_id=value["intent_id"],
            agent=value["agent"],
            subject=value["subject"],
            opened=by["offset"],
            opener=seen.by_place.get((by["partition"], by["offset"])),
            closed=None if ended is None else ended["offset"],
            outcome=outcome,
        )
    for one in seen.planned:
        by = one.opened_by
        yield Life(
            user=one.user,
            partition=by["partition"],
            intent_id=one.intent_id,
            agent=one.agent,
            subject=one.subject,
            opened=by["offset"],
            opener=seen.by_place.get((by["partition"], by["offset"])),
        )


def was_open(seen: Seen, life: Life, event: Event) -> bool:
    """Whether the intent was surely open when this later event was folded."""
    if not life.by_reading:
        return True
    if life.opener is None or not life.subject:
        return False
    subject = fold(life.subject)
    for raised in seen.raised[life.user]:
        if subject in raised.subjects and raised.now >= life.opener.logged - AHEAD:
            # Woken by a timer, a pass folds nothing: clocks may differ by as much as is believed of them.
            return (
                event.offset > raised.last_folded
                if raised.last_folded >= 0
                else event.logged > raised.now + AHEAD
            )
    return False
