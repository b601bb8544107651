"""curiosity decides whether to ask about an interest nobody has talked about yet."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from agents import drafts, tone, words
from agents.contract import Candidate, Defer, Intent, Open, Person, Policy, Proposal, Revoke, StandDown
from topics.user_events import Event, InterestNoticed


class Curiosity:
    """Keeps a question about a noticed interest until its time comes or the person speaks, about anything."""

    name: Final = "curiosity"
    subscribes: Final = frozenset({"interest.noticed", "message.received"})
    approaches: Final = ("natural", "plain")
    recalled_by_messages: Final = False
    """Whoever talks after the question was asked may well be answering it."""

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        if event.type == "message.received":
            return [Revoke(intent_id=intent.intent_id) for intent in person.planned(self.name)]
        if not isinstance(event.data, InterestNoticed):
            return []
        return [Open(subject=event.data.topic, due_at=event.time + policy.agent(self.name).delay)]

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        if not intent.subject:
            return StandDown(reason="missing_data")
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
