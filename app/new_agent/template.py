"""my_agent decides whether to say a word about something that was noticed and has not settled by itself.

An agent owns exactly one decision. All that it answers is pure: same situation, same answer. It reads no clock
(time is `now`), waits for nothing and keeps nothing; consent, caps, quiet hours, the minimum gap, expiry and
writing drafts are the core's business. `agents/contract.py` says what else it may be told and may answer.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from agents.contract import Candidate, Defer, Intent, Open, Person, Policy, Proposal, Revoke, StandDown
from topics.user_events import Event


class Noticed(msgspec.Struct):
    """The data of this agent's own event types: they come as JSON in `event.raw`, and may hold anything."""

    key: str
    title: str = ""


class MyAgent:
    """Plans one word when something is noticed, and drops it when that settles."""

    # It stands in consents, in the policy, in outcomes and in metrics.
    name = "my_agent"
    # Known types (message.received, app.opened, ...) or types of your own; `consider` is asked about these only.
    subscribes = frozenset({"my_agent.noticed", "my_agent.settled"})
    # Two different ways of writing: what the model is told at the first attempt and, if that failed, at the second.
    approaches = ("natural", "plain")

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        """What an event changes about this agent's plans: Open, Move and Revoke; [] when nothing."""
        try:
            data = msgspec.json.decode(event.raw, type=Noticed)
        except msgspec.ValidationError:
            return []
        planned = [plan for plan in person.planned(self.name) if plan.subject_key == data.key]
        if event.type == "my_agent.settled":
            # Also what was said already: while it may still be taken back, it is.
            said = [sent.intent for sent in person.sent(self.name) if sent.intent.subject_key == data.key]
            return [Revoke(intent_id=intent.intent_id) for intent in [*planned, *said]]
        if planned or not data.title:
            return []
        # `delay` is this agent's in the policy, so that an operator can change it without you.
        due_at = event.time + policy.agent(self.name).delay
        return [Open(subject=data.title, subject_key=data.key, due_at=due_at)]

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        """The plan has matured: is it still worth a word? Only what stands in `facts` may be told."""
        if not intent.subject:
            return StandDown(reason="missing_data")
        facts = {"subject": intent.subject}
        return Candidate(importance=intent.importance, facts=facts, turn=person.nudges_sent)

    def check(self, text: str, candidate: Candidate) -> list[str]:
        """What is wrong with a draft beyond the checks of every draft; each answer tells the second attempt."""
        return ["at most one exclamation mark"] if text.count("!") > 1 else []

    def fallback(self, candidate: Candidate, locale: str) -> str | None:
        """Your own words for when no draft was good enough; None is silence. `turn` varies them."""
        texts = (
            "I noticed that “{subject}” is still open. Would it help to talk it over?",
            "A small thought about “{subject}”: it seems to be open still. Shall we look at it together?",
        )
        return texts[candidate.turn % len(texts)].format(subject=candidate.facts["subject"])


agent = MyAgent()
