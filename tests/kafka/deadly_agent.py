"""An agent of somebody else's that ends the process: what a crash in an extension, or no memory left, looks like."""

from __future__ import annotations

import os
from datetime import datetime

from agents.contract import Candidate, Defer, Intent, Open, Person, Policy, Proposal, StandDown
from topics.user_events import Event


class Deadly:
    """Ends the process at `trap.sprung`; at `trap.laid` it plans something that ends the process when it comes due."""

    name = "deadly"
    subscribes = frozenset({"trap.sprung", "trap.laid"})
    declares = subscribes
    approaches = ("natural", "plain")

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        if event.type == "trap.laid":
            return [Open(subject="a trap", due_at=now)]
        os._exit(1)

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        os._exit(1)

    def check(self, text: str, candidate: Candidate) -> list[str]:
        return []

    def fallback(self, candidate: Candidate, locale: str) -> str | None:
        return None


AGENT = Deadly()
