"""follow_up decides whether to ask about one subject the person raised."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from agents import drafts, tone, words
from agents.contract import Candidate, Defer, Intent, Person, Policy, Proposal, StandDown
from topics.user_events import Event

SMALL: Final = 0.3
"""Below it is a small pleasure, by the scale that the reading is told."""
SMALL_KEEPS: Final = timedelta(hours=48)
"""So long after its planned time a small thing is still worth a question."""


class FollowUp:
    """Asks once about what a conversation raised or a service requested; no event is its own."""

    name: Final = "follow_up"
    subscribes: Final[frozenset[str]] = frozenset()
    approaches: Final = ("natural", "plain")

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        """Nothing: readings and requests open, move and close its plans, as any agent's."""
        return []

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        if not intent.subject:
            return StandDown(reason="missing_data")
        # What a cap or the night has put off for days was worth asking about then, if it is of some weight.
        if intent.importance < SMALL and now - intent.due_at > SMALL_KEEPS:
            return StandDown(reason="not_relevant")
        return Candidate(
            importance=intent.importance,
            facts=drafts.facts_about(person, intent),
            turn=person.nudges_sent,
        )

    def check(self, text: str, candidate: Candidate) -> list[str]:
        found = drafts.too_much(text, candidate)
        return found + tone.problems(text, candidate, knows_how_it_went=False)

    def fallback(self, candidate: Candidate, locale: str) -> str | None:
        return words.say(self.name, candidate, locale)
