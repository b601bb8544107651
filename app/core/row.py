"""A person's row: all that Tactful knows about one person, as one value.

Rows are values: a pass works on a copy, and the copy becomes the row when the pass has decided.
What a row holds is never changed, only replaced: the copy costs one object, and what is the same object is unchanged.
On the wire a row is one byte of schema version and MessagePack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from agents.contract import Closed, Intent, Item, Sent
from app.core.ids import IDENTITY_BYTES, derived
from app.core.origin import Origin
from topics.user_events import QuietHours

SCHEMA = 1

OPEN_INTENTS = 50
UNREAD_BYTES = 64 * 1024
SEEN_EVENTS = 256
CLOSED_INTENTS = 256
CLOSED_FOR = timedelta(days=30)
KEY_KEPT = 120
RECALLABLE = 10
# 14 days of what a digest may tell; a service that sends more loses the oldest.
ITEMS = 100
MUTES = 100
# Of agents that are not registered, which may be one day.
CONSENTS = 100
DOUBTS = 20
# 168 h are counted by `per_week`; two older ones an agent are kept for `ignored_before` (the last may have failed).
WEEK = timedelta(hours=168)


class NewerRow(Exception):
    """The row was written by a newer worker.

    Operator action: run the worker's newer version again, or wipe nothing and roll forward; an old one cannot read it.
    """


class Unread(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A message that no reading has covered yet: part of the reading debt."""

    origin: Origin
    message_id: str
    conversation_id: str
    speaker: Literal["person", "assistant"]
    text: str
    closings: int = 0
    """How many plans it has closed over all readings: `reading.per_message` counts these."""


class Doubt(msgspec.Struct, frozen=True, gc=False):
    """A message that may have settled these intents: they are unverified until a reading that shows both clears it."""

    message: Unread
    intents: tuple[str, ...]


class Debt(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """When the unread messages are to be read; each time None when nothing of the kind is planned."""

    settle_at: datetime | None = None
    settle_since: datetime | None = None
    """The oldest message since the last attempt: `settle.at_most` counts from it."""
    retry_at: datetime | None = None
    ended: bool = False
    """The conversation has ended: no later message puts the reading off."""
    failures: int = 0
    failed_since: datetime | None = None


class PastNudge(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A nudge that was decided: for caps, the gap and `ignored_before`; `answered` when activity followed.

    `ignored`: it was dismissed, or the activity came later than a day; for the budget of interruptions.
    """

    nudge_id: str
    agent: str
    at: datetime
    answered: bool = False
    ignored: bool = False


class Row(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """One person. Mutable only inside the pass that made the copy."""

    user_id: str
    timezone: str = ""
    locale: str = "en"
    name: str = ""
    quiet_hours: QuietHours | None = None
    consents: Mapping[str, bool] = {}
    last_activity: datetime | None = None
    active_until: datetime | None = None
    intents: Mapping[str, Intent] = {}
    closed: tuple[Closed, ...] = ()
    seen: bytes = b""
    """The identities of the last events, one after the other."""
    applied_offset: int = -1
    unread: tuple[Unread, ...] = ()
    unread_lost: int = -1
    """The offset of the last unread message that fell off; intents opened before it can no longer be verified."""
    doubts: tuple[Doubt, ...] = ()
    debt: Debt = Debt()
    items: Mapping[str, Item] = {}
    nudges: tuple[PastNudge, ...] = ()
    nudges_sent: int = 0
    last_text: str = ""
    sent_nudges: tuple[Sent, ...] = ()
    mutes: Mapping[str, datetime] = {}
    budget_day: str = ""
    budget_calls: int = 0
    erased_at: datetime | None = None
    erased_until: datetime | None = None

    def working_copy(self) -> Row:
        """A copy whose fields may be replaced."""
        return replace(self)

    def has_seen(self, known: bytes) -> bool:
        """Whether an event of this identity is remembered."""
        at = self.seen.find(known)
        while at % IDENTITY_BYTES and at > 0:  # across two identities: no match
            at = self.seen.find(known, at + 1)
        return at >= 0

    def note_seen(self, known: bytes) -> None:
        """Remember an event's identity; the oldest of more than SEEN_EVENTS is forgotten."""
        self.seen = (self.seen + known)[-SEEN_EVENTS * IDENTITY_BYTES :]

    def put_intent(self, intent: Intent) -> None:
        """A new plan, or the next state of a known one, which keeps its place."""
        self.intents = {**self.intents, intent.intent_id: intent}

    def drop_intent(self, intent_id: str) -> None:
        """The plan is no longer open; KeyError when it was not."""
        intents = dict(self.intents)
        del intents[intent_id]
        self.intents = intents

    def drop_item(self, item_id: str) -> bool:
        """Forget what a digest could have told; whether there was such an item."""
        if item_id not in self.items:
            return False
        self.items = {known: item for known, item in self.items.items() if known != item_id}
        return True

    def lose_unread(self, count: int) -> Sequence[Unread]:
        """The oldest unread messages fall off: plans opened before them can no longer be verified."""
        lost, self.unread = self.unread[:count], self.unread[count:]
        self.unread_lost = max([self.unread_lost, *(message.origin.ref.offset for message in lost)])
        return lost

    @property
    def is_stub(self) -> bool:
        """Whether nothing is left but the time of an erasure."""
        return self.erased_at is not None and self == Row(
            user_id=self.user_id,
            erased_at=self.erased_at,
            erased_until=self.erased_until,
            applied_offset=self.applied_offset,
            seen=self.seen,
        )

    @property
    def is_maturing(self) -> bool:
        """Whether a maturity event of a plan was written and has not come back."""
        return any(intent.status == "maturing" for intent in self.intents.values())

    def granted(self, agent: str) -> bool:
        """Whether the person lets this agent reach out; the later of a named consent and `*` has the word."""
        granted = self.consents.get(agent)
        return self.consents.get("*", False) if granted is None else granted

    @property
    def grants_something(self) -> bool:
        """Whether any agent may reach out."""
        return True in self.consents.values()

    def zone(self, default: str) -> tzinfo:
        """The person's time zone, or `default`."""
        return zone_of(self.timezone or default)

    def planned(self, agent: str) -> Sequence[Intent]:
        """The agent's intents that are not closed, in the order of their opening."""
        return [intent for intent in self.intents.values() if intent.agent == agent]

    def sent(self, agent: str) -> Sequence[Sent]:
        """The agent's nudges that may still be recalled."""
        return [sent for sent in self.sent_nudges if sent.intent.agent == agent]

    def last_closed(self, agent: str, subject_key: str) -> Closed | None:
        """The agent's most recently closed intent with this key, while it is remembered."""
        key = key_kept(subject_key)
        for closed in reversed(self.closed):
            if closed.agent == agent and closed.subject_key == key:
                return closed
        return None

    def find(self, agent: str, subject_key: str) -> Intent | None:
        """The one open intent of this agent with this key."""
        for intent in self.intents.values():
            if intent.agent == agent and intent.subject_key == subject_key:
                return intent
        return None

    def unverified(self, intent: Intent) -> bool:
        """Whether a message in doubt, or one that was lost unread, may have settled this intent."""
        if self.unread_lost > intent.opened_by.offset:
            return True
        return any(intent.intent_id in doubt.intents for doubt in self.doubts)

    def forget_doubts(self, intent_id: str) -> None:
        """What a message may have settled is not asked any more of this plan."""
        if self.doubts:
            self.doubts = tuple(
                replace(doubt, intents=left)
                for doubt in self.doubts
                if (left := tuple(other for other in doubt.intents if other != intent_id))
            )

    def lose_doubt(self) -> None:
        """Forget the oldest doubt: its intents are held all the same, even those opened after its message."""
        lost, self.doubts = self.doubts[0], self.doubts[1:]
        opened = (one.opened_by.offset + 1 for one in map(self.intents.get, lost.intents) if one is not None)
        self.unread_lost = max(self.unread_lost, lost.message.origin.ref.offset, *opened)


def key_kept(subject_key: str) -> str:
    """A closed plan's key as it is remembered: a long one by its hash, since there are many."""
    return subject_key if len(subject_key) <= KEY_KEPT else derived("key", subject_key)


def remembered(nudges: tuple[PastNudge, ...], now: datetime) -> tuple[PastNudge, ...]:
    """The nudges of the last 168 h, and of each agent the last two whatever their age."""
    if nudges[0].at > now - WEEK:
        return nudges
    kept: list[PastNudge] = []
    by_agent: dict[str, int] = {}
    for nudge in reversed(nudges):
        by_agent[nudge.agent] = by_agent.get(nudge.agent, 0) + 1
        if nudge.at > now - WEEK or by_agent[nudge.agent] <= 2:
            kept.append(nudge)
    return tuple(kept[::-1])


@lru_cache(maxsize=1024)
def zone_of(name: str) -> tzinfo:
    """A zone by its IANA name, which was checked when the event or the policy was read."""
    return ZoneInfo(name) if name != "UTC" else UTC


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Row)
_SCHEMA_BYTE = bytes([SCHEMA])


def encoded(part: msgspec.Struct) -> bytes:
    """A part of a row as it stands inside one."""
    return _encoder.encode(part)


def encode(row: Row) -> bytes:
    """The row as it stands in `nudge-state`."""
    return _SCHEMA_BYTE + _encoder.encode(row)


def decode(data: bytes) -> Row:
    """A row that `encode` wrote; NewerRow when a newer worker did."""
    return _decoder.decode(known_schema(data))


def known_schema(data: bytes) -> memoryview:
    """What stands behind the byte that says the schema; NewerRow when a newer worker wrote it."""
    if data[0] > SCHEMA:
        raise NewerRow(f"a row has schema {data[0]}, this worker reads up to {SCHEMA}: run the newer version")
    return memoryview(data)[1:]
