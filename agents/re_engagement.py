"""re_engagement decides whether a silence has been long enough."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from agents import drafts, tone, words
from agents.contract import Candidate, Defer, Intent, Move, Open, Person, Policy, Proposal, StandDown
from topics.user_events import Event

SUBJECT = "a quiet while"
KEY = SUBJECT


class ReEngagement:
    """Plans one word for the end of a silence; activity moves that end, and only activity plans another."""

    name: Final = "re_engagement"
    subscribes: Final = frozenset({"message.received", "app.opened", "nudge.opened", "nudge.replied"})
    approaches: Final = ("natural", "plain")

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        if person.last_activity is None:
            return []
        due_at = person.last_activity + policy.agent(self.name).silent_for
        plan = person.find(self.name, KEY)
        if plan is not None:
            return [Move(intent_id=plan.intent_id, due_at=due_at)] if due_at > plan.due_at else []
        last = person.last_closed(self.name, KEY)
        # An activity that arrives late and is older than the silence already answered begins no new one.
        if last is not None and last.outcome != "revoked" and due_at <= last.due_at:
            return []
        return [Open(subject=SUBJECT, due_at=due_at)]

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        facts = drafts.facts_about(person, intent)
        if person.last_activity is not None and person.last_activity < now:
            facts["quiet_days"] = (now - person.last_activity).days
        return Candidate(importance=intent.importance, facts=facts, turn=person.nudges_sent)

    def check(self, text: str, candidate: Candidate) -> list[str]:
        found = drafts.too_much(text, candidate) + tone.problems(text, candidate)
        return found + tone.counts_the_silence(text, candidate)

    def fallback(self, candidate: Candidate, locale: str) -> str | None:
        return words.say(self.name, candidate, locale)
