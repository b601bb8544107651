"""calendar decides whether to speak before an appointment."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from agents import drafts, tone, words
from agents.contract import (
    Candidate,
    Closed,
    Defer,
    Intent,
    Move,
    Open,
    Person,
    Policy,
    Proposal,
    Revoke,
    StandDown,
)
from topics.text import clean
from topics.user_events import CalendarChanged, Event

# An appointment is more than a passing interest; between two of the same priority the earlier due decides.
IMPORTANCE = 0.7


class Calendar:
    """Plans one word before each appointment, and keeps it in step with the appointment."""

    name: Final = "calendar"
    subscribes: Final = frozenset({"calendar.changed"})
    approaches: Final = ("natural", "plain")

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        change = event.data
        if not isinstance(change, CalendarChanged):
            return []
        key = change.calendar_event_id
        plan = next((intent for intent in person.planned(self.name) if intent.subject_key == key), None)
        sent = [sent.intent for sent in person.sent(self.name) if sent.intent.subject_key == key]
        revoked: list[Proposal] = [Revoke(intent_id=intent.intent_id) for intent in sent]
        if change.status == "cancelled" or change.starts_at is None:
            return revoked if plan is None else [Revoke(intent_id=plan.intent_id), *revoked]
        starts_at = change.starts_at.astimezone(UTC)
        due_at = max(starts_at - policy.agent(self.name).lead, now)
        if plan is not None:
            return _kept_in_step(plan, clean(change.title), starts_at, due_at, now)
        last = person.last_closed(self.name, key)
        if last is not None and last.expires_at == starts_at and not _cancelled(last):
            return []
        if starts_at <= now:
            return revoked
        return [
            *revoked,
            Open(
                subject=change.title,
                subject_key=key,
                due_at=due_at,
                expires_at=starts_at,
                importance=IMPORTANCE,
            ),
        ]

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        if intent.expires_at <= now:
            return StandDown(reason="too_late")
        if not intent.subject:
            return StandDown(reason="missing_data")
        facts = drafts.facts_about(person, intent)
        # A requested plan may expire whenever the service likes: only within the lead is its end the start.
        if intent.expires_at - intent.due_at <= policy.agent(self.name).lead:
            zone = person.zone(policy.default_timezone)
            starts, today = intent.expires_at.astimezone(zone), now.astimezone(zone).date()
            facts["starts_at"] = starts.isoformat(timespec="minutes")
            facts["weekday"] = words.WEEKDAYS[starts.weekday()]
            facts["days_ahead"] = (starts.date() - today).days
            facts["minutes_ahead"] = int((intent.expires_at - now).total_seconds() // 60)
        return Candidate(importance=intent.importance, facts=facts, turn=person.nudges_sent)

    def check(self, text: str, candidate: Candidate) -> list[str]:
        found = drafts.too_much(text, candidate) + tone.problems(text, candidate)
        starts_at = candidate.facts.get("starts_at")
        if isinstance(starts_at, str) and drafts.another_time(text, candidate, starts_at):
            found.append("the time of day is not the one in starts_at: use that one or none")
        if isinstance(starts_at, str) and _another_day(text, candidate, datetime.fromisoformat(starts_at)):
            found.append("the day of the week is not that of starts_at: use that one or none")
        return found

    def fallback(self, candidate: Candidate, locale: str) -> str | None:
        starts_at, days = candidate.facts.get("starts_at"), candidate.facts.get("days_ahead")
        if not isinstance(starts_at, str) or not isinstance(days, int):
            return words.say(self.name, candidate, locale, kind="some_time")
        starts = datetime.fromisoformat(starts_at)
        kind = {0: "today", 1: "tomorrow"}.get(days, "later")
        return words.say(
            self.name,
            candidate,
            locale,
            kind=kind,
            clock=words.clock(starts, locale),
            weekday=words.weekday(starts.weekday(), locale),
            days=days,
        )


def _another_day(text: str, candidate: Candidate, starts: datetime) -> bool:
    """Whether the draft's own words name a day of the week on which the appointment is not."""
    own = drafts.without_facts(text, candidate.facts).casefold()
    return any(
        re.search(rf"\b{re.escape(name)}\b", own)
        for number, name in words.all_weekdays()
        if number != starts.weekday()
    )


def _kept_in_step(
    plan: Intent, title: str, starts_at: datetime, due_at: datetime, now: datetime
) -> list[Proposal]:
    """What an appointment's change does to its open plan."""
    if starts_at <= now:
        return [Revoke(intent_id=plan.intent_id)]
    moved = plan.expires_at != starts_at
    if not moved and title == plan.subject:
        return []
    return [
        Move(
            intent_id=plan.intent_id,
            due_at=due_at if moved else plan.due_at,
            expires_at=starts_at,
            subject=title if title != plan.subject else "",
        )
    ]


def _cancelled(last: Closed) -> bool:
    """Whether the appointment itself was called off, so that confirming it again is news."""
    return last.outcome == "revoked" and last.reason == "exit_event"
