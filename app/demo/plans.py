"""The plans of a story as the timeline knows them, and the lines that tell of their making and moving."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from app.demo import wording
from app.demo.facts import Fact
from app.demo.people import People, whose
from app.demo.watched import Seen
from app.scenario.ending import Json
from app.scenario.expected import OpenIntent
from app.scenario.parts import instant
from topics.text import fold


class Plan(msgspec.Struct, kw_only=True):
    """What somebody means to say, and when; `is_open` until its outcome is seen."""

    user_id: str
    agent: str
    subject: str
    due_at: datetime
    is_open: bool = True
    is_missed: bool = False
    """Struck out before its time, and that time has not come yet."""


class Plans:
    """Every plan that was ever opened, by its id."""

    def __init__(self, people: People) -> None:
        self._people = people
        self.known: dict[str, Plan] = {}
        self._stirred: dict[str, datetime] = {}
        """When something last happened to each person."""

    def due(self, user_id: str, now: datetime) -> Iterator[tuple[str, Plan]]:
        """The person's open plans whose time has come."""
        for intent_id, plan in self.known.items():
            if plan.user_id == user_id and plan.is_open and plan.due_at <= now:
                yield intent_id, plan

    def told(self, seen: Seen) -> Iterator[Fact]:
        """What was planned since the last look, and what was planned anew."""
        for record in seen.events:
            self._stirred[whose(record)] = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
        for one in seen.open:
            yield from self._seen(seen, one.intent_id, one.opened_at, _still_open(one))
        for outcome in seen.outcomes:
            facts = list(
                self._seen(seen, outcome["intent_id"], instant(outcome["opened_at"]), _outlived(outcome))
            )
            # What opens and closes in one step was refused: nothing was ever planned.
            yield from facts if outcome["opened_by"] != outcome["closed_by"] else ()

    def missed(self, now: datetime) -> Iterator[Fact]:
        """The moment at which a plan that was struck out would have spoken is worth a line."""
        for intent_id, plan in self.known.items():
            if plan.is_missed and plan.due_at <= now:
                plan.is_missed = False
                text = f"{plan.agent} keeps quiet: its plan was struck out"
                yield self._people.fact(
                    plan.due_at, plan.user_id, "quiet", text, agent=plan.agent, intent_id=intent_id
                )

    def _seen(self, seen: Seen, intent_id: str, opened_at: datetime, plan: Plan) -> Iterator[Fact]:
        known = self.known.get(intent_id)
        if known is None:
            self.known[intent_id] = plan
            yield self._made(seen, opened_at, intent_id, plan)
        elif known.due_at != plan.due_at:
            known.due_at, known.subject = plan.due_at, plan.subject
            yield self._moved(seen, intent_id, known)

    def _made(self, seen: Seen, opened_at: datetime, intent_id: str, plan: Plan) -> Fact:
        """A plan that a reading raised was made when the words were read, not when they were said."""
        read = (
            at
            for at, said in _answers(seen, plan.user_id, "subjects")
            if at >= opened_at and fold(said["subject"]) == fold(plan.subject)
        )
        at = next(read, opened_at)
        what = wording.plan(plan.agent, plan.subject)
        local = self._people.local
        due = wording.on(local(plan.user_id, plan.due_at), local(plan.user_id, at))
        text = f"{plan.agent} plans to {what} {due}"
        return self._people.fact(at, plan.user_id, "plan", text, agent=plan.agent, intent_id=intent_id)

    def _moved(self, seen: Seen, intent_id: str, plan: Plan) -> Fact:
        """By a reading that put it off, else by what last happened to this person."""
        readings = _answers(seen, plan.user_id, "verdicts")
        put_off = [at for at, said in readings if said["verdict"] == "postpones"]
        at = put_off[-1] if put_off else self._stirred.get(plan.user_id, seen.now)
        what = wording.plan(plan.agent, plan.subject)
        local = self._people.local
        moment = wording.moment(local(plan.user_id, plan.due_at), local(plan.user_id, at))
        done = f"puts off its plan to {what} until" if put_off else f"moves its plan to {what} to"
        text = f"{plan.agent} {done} {moment}"
        return self._people.fact(at, plan.user_id, "moved", text, agent=plan.agent, intent_id=intent_id)


def _still_open(one: OpenIntent) -> Plan:
    return Plan(user_id=one.user_id, agent=one.agent, subject=one.subject, due_at=one.due_at)


def _outlived(outcome: Json) -> Plan:
    return Plan(
        user_id=outcome["user_id"],
        agent=outcome["agent"],
        subject=outcome["subject"],
        due_at=instant(outcome["due_at"]),
    )


def _answers(seen: Seen, user_id: str, what: str) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """What the readings of this person's words said, with the time of each."""
    for trace in seen.passes:
        if trace["user_id"] != user_id:
            continue
        for ask in trace["asks"]:
            if ask["task"] == "reading" and ask["answer"]:
                yield from ((instant(trace["now"]), said) for said in ask["answer"].get(what, ()))
