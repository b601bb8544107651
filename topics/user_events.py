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
    where: dict[str, Any] | None = None


class QuietHours(msgspec.Struct, frozen=True, gc=False):
    """Local wall-clock times "HH:MM", start included, end not; equal ones mean none."""

    start: str
    end: str


class ProfileUpdated(msgspec.Struct, frozen=True, gc=False):
    """Only what is given changes."""

    timezone: str | None = None
    locale: str | None = None
    name: str | None = None
    quiet_hours: QuietHours | None = None


class ConsentChanged(msgspec.Struct, frozen=True, gc=False):
    """The person lets an agent (`*`: any agent) reach out, or no longer does; the later event wins."""

    agent: str
    granted: bool
    evidence: str = ""


class Message(msgspec.Struct, frozen=True, gc=False):
    """`message.received` (the person's words) and `message.sent` (the assistant's)."""

    text: str
    message_id: str = ""
    conversation_id: str = ""
    in_reply_to: str = ""


class ConversationEnded(msgspec.Struct, frozen=True, gc=False):
    """A conversation is over: its messages are read now, and the person is no longer active by it."""

    conversation_id: str = ""


class AppOpened(msgspec.Struct, frozen=True, gc=False):
    """The person opened the app: an activity, with nothing more to say."""


class InterestNoticed(msgspec.Struct, frozen=True, gc=False):
    """Something that the person seems to care about and nobody has talked about yet."""

    topic: str


class CalendarChanged(msgspec.Struct, frozen=True, gc=False):
    """`title` and `starts_at` are there unless it is cancelled."""

    calendar_event_id: str
    title: str = ""
    starts_at: Time | None = None
    ends_at: Time | None = None
    status: Literal["confirmed", "cancelled"] = "confirmed"


class DigestItem(msgspec.Struct, frozen=True, gc=False):
    """One thing worth telling in the week's digest; of one `item_id` the last version counts."""

    item_id: str
    title: str
    importance: float = 0.5


class IntentRequested(msgspec.Struct, frozen=True, gc=False):
    """A service asks for a plan; the agent must be registered, and `expires_at` is not before `due_at`."""

    agent: str
    subject: str
    due_at: Time
    expires_at: Time | None = None
    subject_key: str = ""
    exit_on: tuple[ExitOn, ...] = ()


class IntentRevoked(msgspec.Struct, frozen=True, gc=False):
    """One of the two is given."""

    intent_id: str = ""
    subject_key: str = ""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """`nudge.delivered`, `nudge.failed`, `nudge.opened`, `nudge.replied`, `nudge.dismissed`."""

    nudge_id: str
    reason: str = ""


class UserErased(msgspec.Struct, frozen=True, gc=False):
    """Everything about the person goes."""


class MaturedIntent(msgspec.Struct, frozen=True, gc=False):
    """An intent as it stood when its time came; another version is not matured by this."""

    intent_id: str
    version: int
    ripe_at: datetime | None = None
    """Since when it has been due: as planned, or from the end of our last deferral."""


class IntentMatured(msgspec.Struct, frozen=True, gc=False):
    """Ours: the time of these intents has come."""

    intents: tuple[MaturedIntent, ...]


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
