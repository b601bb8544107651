"""What happens in people's lives: the topic `user-events`, one partition holding the logs of many people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec

from topics.topic import PERSON, Topic, milliseconds

USER_EVENTS = Topic(
    name="user-events",
    cleanup="delete",
    retention=timedelta(days=30),
    key=PERSON,
    holds="What happened in people's lives, as upstream services tell it; also our own `intent.matured`.",
    settings={
        "message.timestamp.type": "CreateTime",
        # The broker refuses a clock that runs further ahead than an event's time is believed.
        "message.timestamp.after.max.ms": milliseconds(timedelta(minutes=5)),
    },
)

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""RFC 3339 with an offset; one without is refused."""


class ExitOn(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An event that closes an intent: its type and, if given, values that its data must contain."""

    type: str
    """The type of the event that closes the intent."""
    where: dict[str, Any] | None = None
    """What the event's data must contain, as equal JSON values; without it every event of the type fits."""


class QuietHours(msgspec.Struct, frozen=True, gc=False):
    """Local wall-clock times "HH:MM", start included, end not; equal ones mean none."""

    start: str
    """The first minute that is quiet, as local wall-clock time."""
    end: str
    """The first minute that is not, as local wall-clock time."""


class ProfileUpdated(msgspec.Struct, frozen=True, gc=False):
    """Only what is given changes."""

    timezone: str | None = None
    """An IANA time zone, such as Europe/Madrid."""
    locale: str | None = None
    """A language, or a language and a region, such as en or pt-BR."""
    name: str | None = None
    """What the person is called."""
    quiet_hours: QuietHours | None = None
    """The person's own; they replace the policy's."""


class ConsentChanged(msgspec.Struct, frozen=True, gc=False):
    """The person lets an agent (`*`: any agent) reach out, or no longer does; the later event wins."""

    agent: str
    """An agent's name, or `*` for all of them."""
    granted: bool
    """Whether the agent may reach out."""
    evidence: str = ""
    """Where the person said so; kept with the consent, never read."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """`message.received` (the person's words) and `message.sent` (the assistant's)."""

    text: str
    """What was said; it counts for at most 4 KB."""
    message_id: str = ""
    """The message's own name, by which an outcome's evidence refers to it."""
    conversation_id: str = ""
    """Which conversation it belongs to; empty is `default`."""
    in_reply_to: str = ""
    """The `nudge_id` that it answers."""


class ConversationEnded(msgspec.Struct, frozen=True, gc=False):
    """A conversation is over: its messages are read now, and the person is no longer active by it."""

    conversation_id: str = ""
    """Which one; empty ends all of them."""


class AppOpened(msgspec.Struct, frozen=True, gc=False):
    """The person opened the app: an activity, with nothing more to say."""


class InterestNoticed(msgspec.Struct, frozen=True, gc=False):
    """Something that the person seems to care about and nobody has talked about yet."""

    topic: str
    """What the person seems to care about, on one line."""


class CalendarChanged(msgspec.Struct, frozen=True, gc=False):
    """`title` and `starts_at` are there unless it is cancelled."""

    calendar_event_id: str
    """The appointment's name in its calendar; one plan for each."""
    title: str = ""
    """What it is called."""
    starts_at: Time | None = None
    """When it begins."""
    ends_at: Time | None = None
    """When it ends; not before it begins."""
    status: Literal["confirmed", "cancelled"] = "confirmed"
    """Whether it takes place."""


class DigestItem(msgspec.Struct, frozen=True, gc=False):
    """One thing worth telling in the week's digest; of one `item_id` the last version counts."""

    item_id: str
    """The item's name; its last version counts."""
    title: str
    """What is told of it."""
    importance: float = 0.5
    """From 0 to 1: a digest tells the five most important."""


class IntentRequested(msgspec.Struct, frozen=True, gc=False):
    """A service asks for a plan; the agent must be registered, and `expires_at` is not before `due_at`."""

    agent: str
    """Who is to reach out; the name of a registered agent."""
    subject: str
    """What it is about, on one line."""
    due_at: Time
    """When; a time in the past matures at once."""
    expires_at: Time | None = None
    """When it is too late; without it the agent's own `expires_after` counts."""
    subject_key: str = ""
    """One intent is open per agent and key: a request with a key that is open moves it."""
    exit_on: tuple[ExitOn, ...] = ()
    """Events that close it."""


class IntentRevoked(msgspec.Struct, frozen=True, gc=False):
    """One of the two is given."""

    intent_id: str = ""
    """The one intent that is closed."""
    subject_key: str = ""
    """The open intents of all agents with this key, or without one this subject, are closed."""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """`nudge.delivered`, `nudge.failed`, `nudge.opened`, `nudge.replied`, `nudge.dismissed`."""

    nudge_id: str
    """The nudge that it is about."""
    reason: str = ""
    """Why it failed or was dismissed, in the delivery service's words."""


class UserErased(msgspec.Struct, frozen=True, gc=False):
    """Everything about the person goes."""


class MaturedIntent(msgspec.Struct, frozen=True, gc=False):
    """An intent as it stood when its time came; another version is not matured by this."""

    intent_id: str
    """The intent whose time has come."""
    version: int
    """Its version then; another one is not matured by this."""
    ripe_at: datetime | None = None
    """Since when it has been due: as planned, or from the end of our last deferral."""


class IntentMatured(msgspec.Struct, frozen=True, gc=False):
    """Ours: the time of these intents has come."""

    intents: tuple[MaturedIntent, ...]
    """All that came due for the person at one time."""


KNOWN_TYPES: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {
        "profile.updated": ProfileUpdated,
        "consent.changed": ConsentChanged,
        "message.received": Message,
        "message.sent": Message,
        "conversation.ended": ConversationEnded,
        "app.opened": AppOpened,
        "interest.noticed": InterestNoticed,
        "calendar.changed": CalendarChanged,
        "digest.item": DigestItem,
        "intent.requested": IntentRequested,
        "intent.revoked": IntentRevoked,
        "nudge.delivered": Receipt,
        "nudge.failed": Receipt,
        "nudge.opened": Receipt,
        "nudge.replied": Receipt,
        "nudge.dismissed": Receipt,
        "user.erased": UserErased,
        "intent.matured": IntentMatured,
    }
)
"""What the data of each known type is; an unknown type is no error."""

Data = (
    ProfileUpdated
    | ConsentChanged
    | Message
    | ConversationEnded
    | AppOpened
    | InterestNoticed
    | CalendarChanged
    | DigestItem
    | IntentRequested
    | IntentRevoked
    | Receipt
    | UserErased
    | IntentMatured
    | None
)


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event that was understood.

    `time` is UTC and already clamped: more than 5 min ahead of the log's own timestamp counts as the log's.
    `data` is typed for the known types and None for others; `raw` is the data as it came, as JSON text.
    """

    type: str
    source: str
    id: str
    user_id: str
    time: datetime
    data: Data
    raw: bytes
    topic: str
    partition: int
    offset: int
    logged_ms: int
    traceparent: str | None = None
