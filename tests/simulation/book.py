"""All that is known of one person from outside: their log, what of it is done, and what was committed about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from app.core.policy import Policy
from tests.simulation.log import Told
from tests.simulation.model import FORGOTTEN_AFTER, UTC_MIN, Fate, Life, Plan, Ref
from tests.simulation.readings import Read


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    verdict: str = ""
    confidence: float = 0.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    outcome_id: str
    user_id: str
    agent: str
    intent_id: str
    subject: str
    outcome: str
    reason: str
    opened_at: datetime
    due_at: datetime
    closed_at: datetime
    opened_by: Ref
    closed_by: Ref | None = None
    matured_by: Ref | None = None
    evidence: Evidence | None = None
    nudge_id: str = ""
    attempts: list[Mapping[str, Any]] = []
    holdout: bool = False
    pass_id: str = ""


class Nudge(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    nudge_id: str
    user_id: str
    agent: str
    intent_id: str
    subject: str
    text: str
    decided_at: datetime
    not_after: datetime


class Considered(msgspec.Struct, frozen=True, kw_only=True):
    agent: str
    intent_id: str
    version: int
    priority: int
    importance: float
    gates: list[Mapping[str, Any]] = []


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    pass_id: str
    user_id: str
    now: datetime
    events: list[Ref] = []
    asks: list[Mapping[str, Any]] = []
    candidates: list[Considered] = []
    winner: str = ""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A nudge that went out: the plan as it was, and how many events were known when it was decided."""

    nudge: Nudge
    plan: Plan
    known: int


class Book:
    """One person's page."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.log: list[Told] = []
        self.index: dict[int, int] = {}
        """The place in the log of each offset."""
        self.done = 0
        self.fates: list[Fate] = []
        self.life = Life()
        self.plans: dict[str, Plan] = {}
        self.closed: dict[str, Outcome] = {}
        self.first_seen: dict[str, int] = {}
        """How many events were done when an intent first stood in a durable row."""
        self.sent: list[Sent] = []
        self.recalled: set[str] = set()
        self.read = Read()
        self.named: set[tuple[str, int]] = set()
        """The intents and versions that a maturity event on the log names."""
        self.passed_offset = -1
        self.latest = UTC_MIN
        """The latest time of any owner's clock up to the last commit: what was forgotten by then stays forgotten."""
        self.uncertain = False
        """Whether an erasure may have been forgotten meanwhile, 30 days later: when exactly no outsider can say."""

    def append(self, told: Told) -> None:
        """The person's next event stands in the log."""
        self.index[told.offset] = len(self.log)
        self.log.append(told)
        if told.type == "intent.matured":
            self.named.update((one["intent_id"], one["version"]) for one in told.data["intents"])

    def go_on(self, until: int, policy: Policy, remembers: int) -> None:
        """So many events are done."""
        for told in self.log[self.done : until]:
            erased_at = self.life.erased_at
            self.uncertain |= erased_at is not None and self.latest - erased_at > FORGOTTEN_AFTER
            self.fates.append(self.life.happen(told, policy, remembers))
        self.done = until

    def counted(self, known: int, fates: Sequence[Fate]) -> list[Sent]:
        """The nudges that count for gaps and caps after so many events: none that failed, none before an erasure."""
        applied = [self.log[i] if fates[i] == "applied" else None for i in range(known)]
        failed = {told.data["nudge_id"] for told in applied if told and told.type == "nudge.failed"}
        erased = max((i for i, told in enumerate(applied) if told and told.type == "user.erased"), default=-1)
        return [sent for sent in self.sent if sent.nudge.nudge_id not in failed and sent.known > erased]

    def after(self, known: int, policy: Policy, remembers: int) -> tuple[Life, list[Fate]]:
        """The person after so many events, and what became of each; nothing here changes."""
        life, fates = self.life.copy(), self.fates.copy()
        for told in self.log[self.done : known]:
            fates.append(life.happen(told, policy, remembers))
        return life, fates
