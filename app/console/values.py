"""What the console's pages show: values alone, the same as their JSON. Times are UTC; `zone` says whose clock to show.

Where `shown` is false every word of a person, or for one, is HIDDEN already: no page can let it slip.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from agents.contract import type_of_status
from app.explain.sentences import Said
from app.explain.standing import Standing
from topics.nudges import Nudge
from topics.outcomes import Attempt, Evidence, OutcomeKind
from topics.passes import Pass
from topics.record import Ref
from topics.user_events import QuietHours

HIDDEN = "•••"
"""Stands for words that nobody has asked to see."""

NoteKind = Literal[
    "behind",
    "undecided",
    "restoring",
    "unreachable",
    "no_worker",
    "log_away",
    "newer",
    "cut_off",
]
"""Why a page may not be the whole truth.

`behind`: this console has not read so far yet. `undecided`: the worker has not, be it that it restarts, is being
taken over, or lags. `restoring`: the console that owns this person rebuilds its tables. `unreachable`: it does not
answer. `no_worker`: none runs on the embedded log. `log_away`: the log cannot be read. `newer`: a newer worker wrote
the row. `cut_off`: what is older was dropped, by age or by number.
"""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the reader must know about a page before believing it, and what to do."""

    kind: NoteKind
    says: str
    do: str = ""
    seconds: float | None = None
    """How far behind, where that is known."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has told us about themselves."""

    name: str
    locale: str
    timezone: str
    """Empty when they have not said; the page's `zone` is the policy's default then."""
    quiet_hours: QuietHours
    quiet_hours_are_theirs: bool
    consents: Mapping[str, bool]
    mutes: Mapping[str, datetime]
    """By subject, until when."""
    last_activity: datetime | None
    active_until: datetime | None
    unread_messages: int
    nudges_sent: int


class EventSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a person's log."""

    ref: Ref
    at: datetime
    type: str
    """As it came; `unreadable` for a record that went to the dead letters."""
    source: str
    speaker: Literal["", "person", "assistant"] = ""
    text: str = ""
    """The words of a message; HIDDEN, or empty where there are none."""
    message_id: str = ""
    nudge_id: str = ""
    """Of a receipt, or of the nudge that a message replies to."""
    facts: Mapping[str, str] = {}
    """The rest of its data, one line a field."""
    ours: bool = False
    """An `intent.matured`, which the worker writes itself."""
    decided: bool = True
    """False while the worker has not been through with it."""

    @property
    def anchor(self) -> str:
        """Where a link to it leads."""
        return f"event-{self.ref.partition}-{self.ref.offset}"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One intent from its opening to its outcome, or to where it stands: what is in the future is here."""

    intent_id: str
    agent: str
    subject: str
    status: type_of_status | Literal["held", "closed"]
    opened_at: datetime
    opened_by: Ref
    due_at: datetime
    """Planned by its opening or a move; no deferral changes it."""
    looked_at_next: datetime | None = None
    """After deferrals; None once closed."""
    expires_at: datetime | None = None
    """None once closed: an outcome does not tell."""
    version: int = 1
    importance: float | None = None
    deferred_by: str = ""
    deferred_because: str = ""
    held_since: datetime | None = None
    unverified: bool = False
    matured_by: Ref | None = None
    # Once it is closed:
    closed_at: datetime | None = None
    closed_by: Ref | None = None
    outcome: OutcomeKind | Literal[""] = ""
    reason: str = ""
    because: str = ""
    """The reason as the end of a sentence."""
    evidence: Evidence | None = None
    nudge_id: str = ""
    written_by: str = ""
    attempts: tuple[Attempt, ...] = ()
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    candidates: tuple[str, ...] = ()
    outranked_by: str = ""
    policy_version: str = ""
    pass_id: str = ""

    @property
    def anchor(self) -> str:
        """Where a link to it leads."""
        return f"plan-{self.intent_id}"

    @property
    def is_open(self) -> bool:
        return self.status != "closed"

    @property
    def silent(self) -> bool:
        """Whether it ended in silence of our choosing."""
        return self.outcome in {"stood_down", "expired", "failed"}


class Struck(msgspec.Struct, frozen=True, kw_only=True):
    """A revocation: a line from what settled a plan to the plan."""

    intent_id: str
    at: datetime
    """When the plan was struck."""
    by: Ref
    said_at: datetime | None
    """When the event happened; None when the log no longer has it."""
    event_type: str
    reason: str
    because: str
    verdict: str = ""
    confidence: float | None = None
    sentence: str = ""
    """What the person said, or HIDDEN; empty where no message settled it."""
    message_id: str = ""
    due_at: datetime
    """When it would have come due: what did not happen then."""


class PassSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the person, with the place of its record."""

    ref: Ref
    looked: Pass

    @property
    def anchor(self) -> str:
        return f"pass-{self.looked.pass_id}"


class NudgeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was handed to the delivery service, and what became of it."""

    ref: Ref
    nudge: Nudge
    recalled_at: datetime | None = None
    receipts: tuple[tuple[datetime, str], ...] = ()
    """Times and types of what came back."""


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """One person: past and future."""

    user_id: str
    now: datetime
    zone: str
    """The person's, or the policy's default."""
    shown: bool
    """Whether their words are in here."""
    partition: int | None = None
    profile: Profile | None = None
    """None when nothing is known of them, or the console that knows cannot be asked (then a note says so)."""
    standing: Standing | None = None
    erased_at: datetime | None = None
    events: tuple[EventSeen, ...] = ()
    plans: tuple[Plan, ...] = ()
    """Open ones first by due time, then the closed by the time of closing, latest first."""
    struck: tuple[Struck, ...] = ()
    passes: tuple[PassSeen, ...] = ()
    nudges: tuple[NudgeSeen, ...] = ()
    said: tuple[Said, ...] = ()
    """One sentence a decision, in the order of time."""
    notes: tuple[Note, ...] = ()

    @property
    def known(self) -> bool:
        """Whether anything was ever heard of them."""
        told = self.events or self.plans or self.nudges or self.passes
        return self.profile is not None or self.erased_at is not None or bool(told)

    @property
    def open_plans(self) -> tuple[Plan, ...]:
        return tuple(plan for plan in self.plans if plan.is_open)
