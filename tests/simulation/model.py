"""What a person's log means, worked out a second time from the rules alone: the promises are held against this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from hashlib import blake2b
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from app.core.policy import Policy
from tests.simulation.brittle import BREAKS, NAME
from tests.simulation.log import Told

ACTIVITY = ("message.received", "app.opened", "nudge.opened", "nudge.replied")
RECEIPTS = ("nudge.delivered", "nudge.failed", "nudge.opened", "nudge.replied", "nudge.dismissed")
NO_LONGER_RECALLED = ("nudge.failed", "nudge.opened", "nudge.replied", "nudge.dismissed")
OVERTAKES = (*ACTIVITY, "message.sent", "user.erased", "consent.changed", "profile.updated")
CLOSING = ("resolves", "supersedes", "contradicts")

Fate = Literal["applied", "repeated", "erased", "defect"]


class Ref(msgspec.Struct, frozen=True):
    partition: int
    offset: int
    event_id: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An open intent, as a row holds it."""

    intent_id: str
    agent: str
    subject: str
    subject_key: str
    keyed: bool = False
    due_at: datetime
    expires_at: datetime
    ripe_at: datetime
    wake_at: datetime
    opened_at: datetime
    opened_by: Ref
    status: str = "open"
    version: int = 1
    exit_on: tuple[Mapping[str, Any], ...] = ()
    held_since: datetime | None = None


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    failures: int = 0


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A nudge that counts for caps and gaps."""

    nudge_id: str
    at: datetime


class RowSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What the model looks at of a row."""

    user_id: str
    timezone: str = ""
    locale: str = "en"
    name: str = ""
    quiet_hours: Mapping[str, str] | None = None
    consents: Mapping[str, bool] = {}
    last_activity: datetime | None = None
    active_until: datetime | None = None
    intents: dict[str, Plan] = {}
    nudges: list[Slot] = []
    unread: list[Any] = []
    debt: Debt = Debt()
    seen: bytes = b""
    """Eight bytes for each event that is remembered."""
    applied_offset: int = -1
    erased_at: datetime | None = None


_rows = msgspec.msgpack.Decoder(RowSeen)
NO_ROW = RowSeen(user_id="")


def row_seen(data: bytes | None) -> RowSeen:
    """The row of the wire form: one byte of schema version and MessagePack."""
    return NO_ROW if data is None else _rows.decode(memoryview(data)[1:])


class Life:
    """A person after the first so many events of their log."""

    __slots__ = (
        "active_until",
        "consents",
        "erased_at",
        "known",
        "last_activity",
        "locale",
        "name",
        "quiet",
        "stub",
        "timezone",
    )

    def __init__(self) -> None:
        self.consents: dict[str, bool] = {}
        self.timezone = ""
        self.locale = "en"
        self.name = ""
        self.quiet: Mapping[str, str] | None = None
        self.last_activity: datetime | None = None
        self.active_until: datetime | None = None
        self.erased_at: datetime | None = None
        self.stub = False
        self.known: list[tuple[str, str]] = []

    def copy(self) -> Life:
        """The same life, to go on from."""
        other = Life.__new__(Life)
        for name in Life.__slots__:
            setattr(other, name, getattr(self, name))
        other.consents, other.known = self.consents.copy(), self.known.copy()
        return other

    def granted(self, agent: str) -> bool:
        """The later of a named consent and `*` has the word."""
        return self.consents.get(agent, self.consents.get("*", False))

    @property
    def listens(self) -> bool:
        """Whether words are kept: somebody may reach out."""
        return any(self.consents.values())

    def happen(self, told: Told, policy: Policy, remembers: int) -> Fate:
        """The next event of the log, and what became of it."""
        ours = told.type == "intent.matured"
        if not ours and told.identity in self.known:
            return "repeated"
        if self.erased_at is not None:
            late = told.at <= self.erased_at and not ours
            if late or (self.stub and (ours or told.type in RECEIPTS)):
                return "erased"
        if told.type == BREAKS and self.granted(NAME):
            return "defect"
        if not ours:
            self.known.append(told.identity)
            del self.known[:-remembers]
        self._apply(told, policy)
        # What leaves nothing behind starts nobody anew: a request without a grant leaves its outcome.
        self.stub = self.stub and self._is_blank and told.type != "intent.requested"
        return "applied"

    @property
    def _is_blank(self) -> bool:
        said = (self.timezone, self.name, self.consents, self.quiet, self.last_activity, self.active_until)
        return self.locale == "en" and not any(said)

    def _apply(self, told: Told, policy: Policy) -> None:
        data = told.data
        if told.type in ACTIVITY:
            self.last_activity = max(self.last_activity or told.at, told.at)
            ends = told.at + policy.active_within
            self.active_until = max(self.active_until or ends, ends)
        elif told.type == "conversation.ended":
            self.active_until = None
        elif told.type == "consent.changed":
            if data["agent"] == "*":
                self.consents = {"*": data["granted"]}
            else:
                self.consents[data["agent"]] = data["granted"]
        elif told.type == "profile.updated":
            self.timezone = data.get("timezone") or self.timezone
            self.locale = data.get("locale") or self.locale
            self.name = data.get("name", self.name)
            self.quiet = data.get("quiet_hours") or self.quiet
        elif told.type == "user.erased":
            known = self.known
            self.__init__()  # type: ignore[misc]  # nothing of the person is left
            self.known, self.erased_at, self.stub = known, told.at, True

    def differs(self, row: RowSeen) -> str:
        """The first field in which a row tells another life; empty when none does."""
        for name, own, other in (
            ("consents", self.consents, dict(row.consents)),
            ("timezone", self.timezone, row.timezone),
            ("locale", self.locale, row.locale),
            ("name", self.name, row.name),
            ("quiet_hours", self.quiet, row.quiet_hours),
            ("last_activity", self.last_activity, row.last_activity),
            ("active_until", self.active_until, row.active_until),
            ("erased_at", self.erased_at, row.erased_at),
            ("seen", 8 * len(self.known), len(row.seen)),
        ):
            if own != other:
                return f"{name} is {other!r}, and the log says {own!r}"
        return ""

    def is_quiet(self, at: datetime, policy: Policy) -> bool:
        """Whether it is night for the person: the start belongs to it, the end does not."""
        own = self.quiet
        start = time.fromisoformat(own["start"] if own else policy.quiet_hours.start)
        end = time.fromisoformat(own["end"] if own else policy.quiet_hours.end)
        clock = self.local(at, policy).time().replace(second=0, microsecond=0)
        if start <= end:
            return start <= clock < end
        return not end <= clock < start

    def local(self, at: datetime, policy: Policy) -> datetime:
        """The wall clock of the person."""
        return at.astimezone(ZoneInfo(self.timezone or policy.default_timezone))


def folded(subject: str) -> str:
    """Case and spaces make no difference."""
    return " ".join(subject.casefold().split())


def derived(*parts: object) -> str:
    """How ids follow from what they name: the outside can check it."""
    digest = blake2b(digest_size=12)
    for part in parts:
        text = str(part).encode()
        digest.update(b"%d:%b" % (len(text), text))
    return digest.hexdigest()


def closes(told: Told, plan: Plan) -> bool:
    """Whether an event, by its type, closes this plan; what a plan itself exits on is another matter."""
    data = told.data
    match told.type:
        case "user.erased":
            return True
        case "consent.changed":
            return not data["granted"] and data["agent"] in {"*", plan.agent}
        case "intent.revoked":
            return _is_meant(data, plan)
        case "calendar.changed":
            called_off = data.get("status") == "cancelled" and data["calendar_event_id"] == plan.subject_key
            return plan.agent == "calendar" and called_off
    return told.type == "message.received" and plan.agent == "curiosity"


def _is_meant(data: Mapping[str, Any], plan: Plan) -> bool:
    if data.get("intent_id"):
        return bool(data["intent_id"] == plan.intent_id)
    key = data["subject_key"]
    return plan.subject_key == (key if plan.keyed else folded(key))


def exits(told: Told, plan: Plan) -> bool:
    """Whether it is an event that the plan was to be closed by."""
    return any(
        condition["type"] == told.type
        and all(told.data.get(name) == value for name, value in (condition.get("where") or {}).items())
        for condition in plan.exit_on
    )


def moves(told: Told, plan: Plan) -> bool:
    """Whether an event gives this plan another time or another wording: what waited for the old one is void."""
    if told.type != "intent.requested" or told.data["agent"] != plan.agent:
        return False
    return requested_key(told.data) == plan.subject_key


def requested_key(data: Mapping[str, Any]) -> str:
    """The key under which a request stands: one open plan for each."""
    return data.get("subject_key") or folded(data["subject"])


def opened_key(told: Told) -> tuple[str, str] | None:
    """The agent and the key of the plan that an event opens or moves whenever there is a grant; None for others."""
    match told.type:
        case "intent.requested":
            return told.data["agent"], requested_key(told.data)
        case "interest.noticed":
            return "curiosity", folded(told.data["topic"])
        case "brittle.plan":
            return NAME, folded(told.data["subject"])
        case _:
            return None


OUTCOMES: Mapping[str, Sequence[str]] = {
    "nudged": ("sent",),
    "expired": ("expired",),
    "failed": ("defect", "unreadable_state"),
    "revoked": (
        *("resolved", "superseded", "contradicted", "muted", "exit_event", "requested"),
        *("consent_withdrawn", "erased"),
    ),
    "stood_down": (
        *(
            "no_consent",
            "quiet_hours",
            "frequency_capped",
            "too_many",
            "min_gap",
            "person_active",
            "outranked",
        ),
        *("merged", "duplicate_subject", "not_relevant", "nothing_to_say", "missing_data", "muted"),
        *("ignored_before", "quality_below_bar", "model_unavailable", "unverified_still_open"),
        *("budget_exhausted", "holdout", "randomized_out", "shadow", "paused", "too_late"),
    ),
}
"""The outgoing vocabulary, as INTERFACES.md has it."""
# Which type of event a revocation for this reason has to name.
CLOSED_BY: Mapping[str, Sequence[str]] = {
    "resolved": ("message.received",),
    "superseded": ("message.received",),
    "contradicted": ("message.received",),
    "muted": ("message.received", "intent.requested", "calendar.changed"),
    "requested": ("intent.revoked",),
    "consent_withdrawn": ("consent.changed",),
    "erased": ("user.erased",),
}
FORGOTTEN_AFTER = timedelta(days=27)
"""For so long after its time an erasure is certain to be remembered; RULES: for 30 days after it was folded, which
is no more than 2 days earlier or later here."""
UTC_MIN = datetime.min.replace(tzinfo=UTC)
