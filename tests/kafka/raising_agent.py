"""An agent of somebody else's that raises on some events: what `TACTFUL_AGENTS` may bring."""

from __future__ import annotations

from datetime import datetime

from agents.contract import Candidate, Defer, Intent, Person, Policy, Proposal, StandDown
from topics.user_events import Event


class Raising:
    """Raises on one event type, and plans nothing."""

    name = "raising"
    subscribes = frozenset({"trap.sprung"})
    declares = subscribes
    approaches = ("natural", "plain")

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        raise ZeroDivisionError(event.type)

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        return StandDown(reason="nothing_to_say")

    def check(self, text: str, candidate: Candidate) -> list[str]:
        return []

    def fallback(self, candidate: Candidate, locale: str) -> str | None:
        return "This agent has nothing to say."


AGENT = Raising()
