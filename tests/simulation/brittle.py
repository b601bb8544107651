"""An agent with defects: what it raises on stands in the events, so that a model can tell what has to follow."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from agents.contract import Candidate, Defer, Intent, Open, Person, Policy, Proposal, StandDown
from topics.user_events import Event

NAME: Final = "brittle"
BREAKS: Final = "brittle.broke"
PLANS: Final = "brittle.plan"


class BrokeError(Exception):
    """The defect."""


class Brittle:
    """Raises on `brittle.broke`; its plans raise where their subject says."""

    name: Final = NAME
    subscribes: Final = frozenset({BREAKS, PLANS})
    declares: Final = frozenset({BREAKS, PLANS})
    approaches: Final = ("natural", "plain")

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        if event.type == BREAKS:
            raise BrokeError
        plan = msgspec.json.decode(event.raw)
        return [Open(subject=plan["subject"], due_at=datetime.fromisoformat(plan["due_at"]), expires_at=None)]

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        _break_if(intent.subject, "candidate")
        if intent.subject.endswith("nowhere") and intent.version == 1:
            return Defer(until=now + timedelta(minutes=7))
        return Candidate(importance=0.9, facts={"subject": intent.subject})

    def check(self, text: str, candidate: Candidate) -> list[str]:
        _break_if(str(candidate.facts["subject"]), "check")
        return []

    def fallback(self, candidate: Candidate, locale: str) -> str | None:
        _break_if(str(candidate.facts["subject"]), "fallback")
        return f"These are the words for {candidate.facts['subject']}, as ever."


def _break_if(subject: str, place: str) -> None:
    if subject.endswith(place):
        raise BrokeError(place)
