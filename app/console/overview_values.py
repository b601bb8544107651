"""What the overview shows, and what consoles tell each other of it. Nobody's words are in here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from app.console.values import Note
from topics.outcomes import OutcomeKind


class PlannedNext(msgspec.Struct, frozen=True, kw_only=True):
    """One plan among those that come due soonest."""

    user_id: str
    agent: str
    intent_id: str
    due_at: datetime


class PlannedDay(msgspec.Struct, frozen=True, kw_only=True):
    """How much comes due on a day (UTC), by agent; the past day holds what is overdue."""

    day: date
    by_agent: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_agent.values())


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """How often an agent's plans ended in one way."""

    agent: str
    outcome: OutcomeKind
    reason: str
    because: str
    last_hour: int
    last_day: int
    last_week: int


class Unaccounted(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that left its person's row and has no outcome: there must be none for more than a moment."""

    user_id: str
    intent_id: str
    since: datetime


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """Opened = closed + open, of all that this console has seen."""

    opened: int
    closed: int
    open: int
    unaccounted: tuple[Unaccounted, ...] = ()

    @property
    def balanced(self) -> bool:
        return self.opened == self.closed + self.open


class ModelTask(msgspec.Struct, frozen=True, kw_only=True):
    """How the model answered one kind of question in the last 24 hours."""

    task: str
    asked: int
    answered: int
    failed: Mapping[str, int]
    """By what was wrong."""
    mean_seconds: float
    slowest_seconds: float
    input_tokens: int
    output_tokens: int
    answered_last: datetime | None = None


class CostDay(msgspec.Struct, frozen=True, kw_only=True):
    """What closed plans have cost on a day (UTC); None where the policy has no price for the model."""

    day: date
    usd: float | None
    model_calls: int
    input_tokens: int
    output_tokens: int


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """One hour: how it went, for a small curve."""

    at: datetime
    nudges: int
    silences: int
    revoked: int
    recalls: int
    asked: int
    unanswered: int


class PartitionStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How far one partition is."""

    partition: int
    console: str
    """The address of the console that has its tables; empty where none has."""
    undecided: int
    """Events that the worker has not decided."""
    undecided_for_s: float
    """How long the oldest of these has been waiting."""
    behind: int
    """Records that the console has not read."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """How everything stands."""

    now: datetime
    people: int
    planned: tuple[PlannedDay, ...] = ()
    overdue: int = 0
    held: int = 0
    next: tuple[PlannedNext, ...] = ()
    decisions: tuple[Decided, ...] = ()
    ledger: Ledger
    model: tuple[ModelTask, ...] = ()
    cost: tuple[CostDay, ...] = ()
    hours: tuple[Hour, ...] = ()
    """The last 48, oldest first."""
    fallbacks_last_day: int = 0
    recalls_last_day: int = 0
    partitions: tuple[PartitionStanding, ...] = ()
    notes: tuple[Note, ...] = ()
