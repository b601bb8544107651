"""What was looked at and not sent: plans that wait for a better time, and plans that unread words hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.demo import wording
from app.demo.facts import Fact
from app.demo.people import People
from app.demo.plans import Plan, Plans
from app.demo.watched import Seen
from app.scenario.ending import Json
from app.scenario.parts import instant


class HeldBack:
    """Tells each deferral, and of words that nobody can read once, and once of each plan that they hold."""

    def __init__(self, people: People, plans: Plans, gap: timedelta) -> None:
        self._people = people
        self._plans = plans
        self._gap = gap
        self._told: set[tuple[str, str]] = set()
        """The people whose words cannot be read, each with the plans that were said to be held, and with ""."""

    def told(self, seen: Seen) -> Iterator[Fact]:
        closed = {(outcome["pass_id"], outcome["intent_id"]) for outcome in seen.outcomes}
        for trace in seen.passes:
            yield from self._unreadable(trace)
            for candidate in trace["candidates"]:
                plan = self._plans.known.get(candidate["intent_id"])
                if plan is not None and (trace["pass_id"], candidate["intent_id"]) not in closed:
                    yield from self._waits(trace, candidate, plan)

    def _waits(self, trace: Json, candidate: Json, plan: Plan) -> Iterator[Fact]:
        now = instant(trace["now"])
        deferrals = [gate for gate in candidate["gates"] if gate["answer"] == "defer"]
        winner = self._plans.known.get(trace["winner"])
        if deferrals:
            last = max(deferrals, key=lambda gate: instant(gate["until"]))
            until, why = instant(last["until"]), self._why(last["reason"], plan)
        elif winner is not None:
            until, why = now + self._gap, f"{winner.agent} comes first"
        else:
            return
        moment = wording.moment(self._local(plan, until), self._local(plan, now))
        text = f"{plan.agent} waits until {moment}: {why}"
        intent_id = candidate["intent_id"]
        yield self._people.fact(now, plan.user_id, "waits", text, agent=plan.agent, intent_id=intent_id)

    def _unreadable(self, trace: Json) -> Iterator[Fact]:
        user_id, now = trace["user_id"], instant(trace["now"])
        asked = [ask for ask in trace["asks"] if ask["task"] == "reading"]
        if not asked:
            return
        if not asked[-1]["failed"]:
            self._told = {one for one in self._told if one[0] != user_id}
            return
        due = list(self._plans.due(user_id, now))
        if not due and (user_id, "") not in self._told:
            self._told.add((user_id, ""))
            why = wording.FAILURES.get(asked[-1]["failed"], "did not answer")
            text = f"nobody can read these words now: the model {why}"
            yield self._people.fact(now, user_id, "held", text)
        for intent_id, plan in due:
            if (user_id, intent_id) not in self._told:
                self._told.add((user_id, intent_id))
                text = f"{plan.agent} holds its plan: words that nobody could read may have settled it"
                yield self._people.fact(now, user_id, "held", text, agent=plan.agent, intent_id=intent_id)

    def _why(self, reason: str, plan: Plan) -> str:
        return wording.WAITS.get(reason, reason).replace("{city}", self._people.city(plan.user_id))

    def _local(self, plan: Plan, at: datetime) -> datetime:
        return self._people.local(plan.user_id, at)
