"""digest decides whether this week's summary is worth sending."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from agents import drafts, tone, words
from agents.contract import Candidate, Defer, Intent, Item, Move, Open, Person, Policy, Proposal, StandDown
from agents.week import nearest_weekly, next_weekly
from topics.user_events import Event, ProfileUpdated

SUBJECT = "this week"
KEY = SUBJECT
TOLD_AT_MOST = 5
LIVES_FOR = timedelta(days=14)
# All titles with their separators: a nudge has 400 characters, and the words around them need some 120.
ROOM_FOR_TITLES = 270


class Digest:
    """Plans one summary a week while there is something to tell, and keeps still when it is too little."""

    name: Final = "digest"
    subscribes: Final = frozenset({"digest.item", "profile.updated"})
    approaches: Final = ("natural", "plain")
    replans: Final = True
    """Asked again with the event that closed one of its intents, whatever its type."""

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        plan = next((intent for intent in person.planned(self.name) if intent.subject_key == KEY), None)
        if isinstance(event.data, ProfileUpdated):
            return self._moved(person, plan, event.data, policy)
        if plan is not None:
            return []
        if event.type == "digest.item":
            if now - event.time > LIVES_FOR:
                return []
            after = event.time
        elif live_items(person, now):
            # One that was closed before its hour is not planned for that same hour again.
            last = person.last_closed(self.name, KEY)
            after = now if last is None else max(now, last.due_at)
        else:
            return []
        settings = policy.agent(self.name)
        zone = person.zone(policy.default_timezone)
        return [Open(subject=SUBJECT, due_at=next_weekly(after, settings.weekday, settings.at, zone))]

    def _moved(
        self, person: Person, plan: Intent | None, profile: ProfileUpdated, policy: Policy
    ) -> list[Proposal]:
        """The same week's digest, at its hour in the zone the person has now."""
        if plan is None or profile.timezone is None:
            return []
        settings = policy.agent(self.name)
        zone = person.zone(policy.default_timezone)
        due_at = nearest_weekly(plan.due_at, settings.weekday, settings.at, zone)
        if due_at <= plan.opened_at:
            due_at = next_weekly(plan.opened_at, settings.weekday, settings.at, zone)
        return [] if due_at == plan.due_at else [Move(intent_id=plan.intent_id, due_at=due_at)]

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        live = live_items(person, now)
        if len(live) < policy.agent(self.name).at_least:
            return StandDown(reason="nothing_to_say")
        told = sorted(live, key=lambda item: (-item.importance, -item.offset))[:TOLD_AT_MOST]
        facts = drafts.facts_about(person, intent)
        facts["items"] = drafts.fitting([item.title for item in told], ROOM_FOR_TITLES)
        return Candidate(
            importance=max(item.importance for item in told),
            facts=facts,
            turn=person.nudges_sent,
            told=tuple(item.item_id for item in told),
        )

    def check(self, text: str, candidate: Candidate) -> list[str]:
        return drafts.too_many_questions(text, candidate) + tone.problems(text, candidate)

    def fallback(self, candidate: Candidate, locale: str) -> str | None:
        titles = candidate.facts.get("items")
        if not isinstance(titles, list) or not titles:
            return None
        return words.say(
            self.name,
            candidate,
            locale,
            kind="one" if len(titles) == 1 else "other",
            items=words.SEPARATOR.join(map(str, titles)),
        )


def live_items(person: Person, now: datetime) -> list[Item]:
    """What is not too old to be told, in the order of the log."""
    live = [item for item in person.items.values() if now - item.at <= LIVES_FOR]
    return sorted(live, key=lambda item: item.offset)
