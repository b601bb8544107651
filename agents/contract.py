"""What an agent is, and the values that pass between an agent and the core.

An agent owns exactly one decision.
It is asked three things, each a pure function of what it is given: same situation, same answer.
It never waits, reads a clock, keeps state of its own or calls a model: what it wants to say is
asked of the model by the core, and what it wants to remember stands in the person's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Literal, Protocol

import msgspec

from topics.record import Ref as Ref  # noqa: PLC0414 - agents know where an event stands by this name
from topics.user_events import Event, ExitOn

type_of_status = Literal["open", "maturing", "due"]


class Spent(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the model has cost an intent so far, over all its passes."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None


class Intent(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """A revocable plan to reach out, with a subject and a due time."""

    intent_id: str
    agent: str
    subject: str
    subject_key: str
    """One open intent per agent and key; the folded subject where no key was given."""
    keyed: bool = False
    """Whether the key was given, and is not the folded subject."""
    due_at: datetime
    """The time that was planned by opening or a move; a deferral does not change it."""
    expires_at: datetime
    opened_at: datetime
    opened_by: Ref
    ripe_at: datetime
    """The planned due time, or the end of our last deferral: lateness counts from here."""
    wake_at: datetime
    """When it must be looked at next, whatever its status."""
    status: type_of_status = "open"
    version: int = 1
    importance: float = 0.5
    exit_on: tuple[ExitOn, ...] = ()
    matured_by: Ref | None = None
    deferred_by: str = ""
    """The reason of the last deferral; empty when none stands."""
    held_since: datetime | None = None
    """The maturity that first held it; None while it is not held."""
    looks: int = 0
    """How often a held intent has been asked about."""
    postponed: int = 0
    """How often what was said has put it off to a later time."""
    words: str = ""
    """The beginning of the message that raised it, or the type of the event that opened it: for the next reading."""
    spent: Spent = Spent()
    traceparent: str | None = None


class Closed(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What is remembered of a closed intent, for 30 days."""

    intent_id: str
    agent: str
    subject_key: str
    outcome: str
    reason: str
    closed_at: datetime
    due_at: datetime
    expires_at: datetime


class Item(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One thing worth telling in a digest; `at` is the event's time, `offset` its place in the log."""

    item_id: str
    title: str
    importance: float
    at: datetime
    offset: int


class Sent(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """A nudge that went out and may still be recalled, with the intent that it came from."""

    nudge_id: str
    intent: Intent
    decided_at: datetime
    recallable_until: datetime
    locale: str
    written_by: Literal["model", "fallback"]


class Person(Protocol):
    """What an agent may know about a person: read-only."""

    @property
    def user_id(self) -> str: ...
    @property
    def locale(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def last_activity(self) -> datetime | None:
        """The latest time of `message.received`, `app.opened`, `nudge.opened`, `nudge.replied`."""

    @property
    def items(self) -> Mapping[str, Item]:
        """What a digest could tell, by item id."""

    @property
    def nudges_sent(self) -> int:
        """How many nudges this person ever got: turns through the fallback texts."""

    def zone(self, default: str) -> tzinfo:
        """The person's time zone, or `default`."""

    def planned(self, agent: str) -> Sequence[Intent]:
        """The agent's intents that are not closed, in the order of their opening."""

    def find(self, agent: str, subject_key: str) -> Intent | None:
        """The agent's one intent with this key that is not closed."""

    def sent(self, agent: str) -> Sequence[Sent]:
        """The agent's nudges that may still be recalled."""

    def last_closed(self, agent: str, subject_key: str) -> Closed | None:
        """The agent's most recently closed intent with this key, while it is remembered."""


class AgentSettings(Protocol):
    """An agent's part of the policy; times are durations, `at` is a local wall-clock time "HH:MM"."""

    @property
    def priority(self) -> int: ...
    @property
    def delay(self) -> timedelta: ...
    @property
    def lead(self) -> timedelta: ...
    @property
    def silent_for(self) -> timedelta: ...
    @property
    def weekday(self) -> int:
        """0 is Monday."""

    @property
    def at(self) -> str: ...
    @property
    def at_least(self) -> int: ...
    @property
    def expires_after(self) -> timedelta: ...


class Policy(Protocol):
    """What an agent may know of the policy."""

    @property
    def default_timezone(self) -> str: ...
    def agent(self, name: str) -> AgentSettings:
        """The settings of one agent, with the defaults where the policy is silent."""


class Open(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Plan something. `expires_at` None: the due time plus the policy's `expires_after`."""

    subject: str
    due_at: datetime
    subject_key: str = ""
    """Empty: the folded subject."""
    expires_at: datetime | None = None
    importance: float = 0.5
    exit_on: tuple[ExitOn, ...] = ()


class Move(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Give an open intent of this agent another time; its id stays, its version rises.

    `expires_at` None: the new due time plus the policy's `expires_after`. `subject` empty: unchanged.
    """

    intent_id: str
    due_at: datetime
    expires_at: datetime | None = None
    subject: str = ""


class Revoke(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Close an open intent of this agent as revoked, or take back its nudge while that is recallable."""

    intent_id: str
    reason: Literal["exit_event", "requested", "superseded"] = "exit_event"


Proposal = Open | Move | Revoke


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A matured intent that is worth a nudge, with all that may be told.

    `facts` are the only things a draft may mention; `facts["subject"]` is always there.
    `turn` chooses among the fallback texts, so that two in a row differ.
    `told` names the person's items (by id) that are used up when this becomes a nudge.
    """

    importance: float
    facts: Mapping[str, object]
    turn: int = 0
    told: tuple[str, ...] = ()


class Defer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Not now: ask again at `until`."""

    until: datetime
    reason: str = "not_relevant"


class StandDown(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Deliberate silence, with its reason: one of the outcome reasons for `stood_down`."""

    reason: str


class Agent(Protocol):
    """One decision. All methods are pure.

    Three attributes may be there besides: `declares`, types of its own that look like a known one misspelled;
    `replans`, True when it is to be asked again with the event that closed one of its intents; and
    `recalled_by_messages`, False when no words of the person take back a nudge of its that went out.
    """

    @property
    def name(self) -> str:
        """Lower case, digits and underscores; it stands in consents, policy, outcomes and metrics."""

    @property
    def subscribes(self) -> frozenset[str]:
        """Event types that `consider` is asked about; types beyond the known ones are somebody's own."""

    @property
    def approaches(self) -> tuple[str, str]:
        """The names of two different ways of writing: the first attempt's and the second's."""

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        """What this event changes about the agent's plans; the row already holds the event."""

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        """Whether a matured intent is still worth a nudge, and what may be told."""

    def check(self, text: str, candidate: Candidate) -> list[str]:
        """What is wrong with a draft beyond the checks that hold for every draft; empty when nothing is."""

    def fallback(self, candidate: Candidate, locale: str) -> str | None:
        """The agent's own words in the locale, its language or English; None when it has none."""
