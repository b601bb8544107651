"""A person, a policy and events as plain values: to try an agent without a worker, a log or a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from agents.contract import Closed, Intent, Item, Ref, Sent
from topics.user_events import (
    AppOpened,
    CalendarChanged,
    ConsentChanged,
    ConversationEnded,
    Data,
    DigestItem,
    Event,
    IntentMatured,
    IntentRequested,
    IntentRevoked,
    InterestNoticed,
    MaturedIntent,
    Message,
    ProfileUpdated,
    Receipt,
    UserErased,
)

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday."""


class SomePerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person made of what a test says about them."""

    user_id: str = "ana"
    locale: str = "en"
    name: str = ""
    timezone: str = ""
    last_activity: datetime | None = None
    items: Mapping[str, Item] = {}
    nudges_sent: int = 0
    intents: tuple[Intent, ...] = ()
    closed: tuple[Closed, ...] = ()
    nudged: tuple[Sent, ...] = ()

    def zone(self, default: str) -> tzinfo:
        return ZoneInfo(self.timezone or default)

    def planned(self, agent: str) -> Sequence[Intent]:
        return [intent for intent in self.intents if intent.agent == agent]

    def find(self, agent: str, subject_key: str) -> Intent | None:
        fitting = [one for one in self.planned(agent) if one.subject_key == subject_key]
        return fitting[0] if fitting else None

    def sent(self, agent: str) -> Sequence[Sent]:
        return [sent for sent in self.nudged if sent.intent.agent == agent]

    def last_closed(self, agent: str, subject_key: str) -> Closed | None:
        fitting = [c for c in self.closed if c.agent == agent and c.subject_key == subject_key]
        return fitting[-1] if fitting else None


class SomeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's settings; the defaults are those of the policy."""

    priority: int = 10
    delay: timedelta = timedelta(days=3)
    lead: timedelta = timedelta(hours=1)
    silent_for: timedelta = timedelta(days=7)
    weekday: int = 6
    at: str = "17:00"
    at_least: int = 2
    expires_after: timedelta = timedelta(days=7)


class SomePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """One set of settings for every agent."""

    default_timezone: str = "UTC"
    settings: SomeSettings = SomeSettings()

    def agent(self, name: str) -> SomeSettings:
        return self.settings


def event(
    type_: str, data: Data = None, *, at: datetime = NOON, offset: int = 0, raw: bytes = b"{}"
) -> Event:
    """An event of the person's log."""
    return Event(
        type=type_,
        source="situation",
        id=str(offset),
        user_id="ana",
        time=at,
        data=data,
        raw=raw,
        topic="user-events",
        partition=0,
        offset=offset,
        logged_ms=int(at.timestamp() * 1000),
    )


def intent(agent: str, subject: str, *, due_at: datetime = NOON, **changes: Any) -> Intent:
    """An intent of the agent that is open, or due, as `changes` says."""
    values: dict[str, Any] = {
        "intent_id": f"{agent}-{subject[:20]}",
        "agent": agent,
        "subject": subject,
        "subject_key": subject.casefold(),
        "due_at": due_at,
        "expires_at": due_at + timedelta(days=7),
        "opened_at": due_at - timedelta(days=2),
        "opened_by": Ref(topic="user-events", partition=0, offset=0, event_id="situation/0"),
        "ripe_at": due_at,
        "wake_at": due_at,
    }
    return Intent(**{**values, **changes})


def closed(of: Intent, outcome: str, reason: str, at: datetime) -> Closed:
    """What is remembered of an intent that ended so."""
    return Closed(
        intent_id=of.intent_id,
        agent=of.agent,
        subject_key=of.subject_key,
        outcome=outcome,
        reason=reason,
        closed_at=at,
        due_at=of.due_at,
        expires_at=of.expires_at,
    )


def sent(of: Intent, at: datetime) -> Sent:
    """A nudge that can still be recalled for a day."""
    return Sent(
        nudge_id=f"nudge-{of.intent_id}",
        intent=of,
        decided_at=at,
        recallable_until=at + timedelta(days=1),
        locale="en",
        written_by="model",
    )


_DATA: tuple[tuple[str, Data], ...] = (
    ("profile.updated", ProfileUpdated(timezone="America/New_York", locale="es", name="Ana")),
    ("profile.updated", ProfileUpdated()),
    ("consent.changed", ConsentChanged(agent="*", granted=True)),
    ("message.received", Message(text="Surgery on Thursday. I'm scared.")),
    ("message.sent", Message(text="I'll ask again on Friday.")),
    ("conversation.ended", ConversationEnded()),
    ("app.opened", AppOpened()),
    ("interest.noticed", InterestNoticed(topic="pottery")),
    (
        "calendar.changed",
        CalendarChanged(calendar_event_id="c1", title="Dentist", starts_at=NOON + timedelta(days=1)),
    ),
    ("calendar.changed", CalendarChanged(calendar_event_id="c1", status="cancelled")),
    ("digest.item", DigestItem(item_id="i1", title="New tram stop")),
    ("intent.requested", IntentRequested(agent="follow_up", subject="the exam", due_at=NOON)),
    ("intent.revoked", IntentRevoked(subject_key="the exam")),
    ("nudge.delivered", Receipt(nudge_id="n1")),
    ("nudge.failed", Receipt(nudge_id="n1", reason="unreachable")),
    ("nudge.opened", Receipt(nudge_id="n1")),
    ("nudge.replied", Receipt(nudge_id="n1")),
    ("nudge.dismissed", Receipt(nudge_id="n1")),
    ("user.erased", UserErased()),
    ("intent.matured", IntentMatured(intents=(MaturedIntent(intent_id="i-1", version=1),))),
)
ONE_OF_EACH: tuple[Event, ...] = tuple(
    event(type_, data, offset=offset) for offset, (type_, data) in enumerate(_DATA)
)
"""An event of every known type."""
