"""What conversations cost at a model, by when they are read: each message, when they settle, or at maturity alone.

MemoryBank's English history (TACTFUL_TEST_MEMORYBANK names its file; it is not part of this repository): 15 people, ten
days, told in memory on a virtual clock with ten days more at the end, without a budget. The model is scripted: each
reading raises `how it went`, unless that is open already, and settles nothing; each draft is good at once.
Calls are exact for that script. Tokens are estimated: four characters of the request's texts each, and one more; the
schema of the answer is not counted.
Per person and day, per 1,000 events and per nudge that was sent. There is one round: it is the same each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

import agents
from app.bench.figures import Figure, Plan, figure
from app.core.asks import Task
from app.core.policy import parse
from app.model.prompts import SYSTEM
from app.model.script import Document, Script, ScriptedAnswer
from app.model.scripted import tokens
from app.scenario.world import Setting, milliseconds
from app.scenario.world_memory import MemoryWorld
from app.sources import memorybank
from topics.record import NewRecord

FILE = "TACTFUL_TEST_MEMORYBANK"
WHEN: dict[Literal["each", "settled", "maturity"], str] = {
    "each": "each message",
    "settled": "settled conversation",
    "maturity": "at maturity only",
}
AFTERWARDS = timedelta(days=10)
USD_IN, USD_OUT = 3.0, 15.0
"""A million tokens at an example's prices, so that policies can be compared; `prices` in the policy are what counts."""
RULES = [{"ask": "reading", "reply": {"subjects": [{"subject": "how it went", "agent": "follow_up"}]}}]


class _Event(msgspec.Struct):
    user_id: str
    time: datetime


class _Counted(Script):
    """Counts what it is asked and what it says, in tokens."""

    asked = 0
    instructed = 0
    said = 0

    def answer(self, task: Task, document: Document, *, user: str, attempt: int) -> ScriptedAnswer:
        answer = super().answer(task, document, user=user, attempt=attempt)
        self.asked += tokens(SYSTEM[task] + msgspec.json.encode(document).decode())
        self.instructed += tokens(SYSTEM[task])
        self.said += tokens(msgspec.json.encode(answer.body).decode())
        return answer


def run(plan: Plan) -> Iterator[Figure]:
    """Each reading policy over the same conversations."""
    name = os.environ.get(FILE)
    if name is None:
        plan.say(f"cost: {FILE} does not name MemoryBank's file (memory_bank_en.json): left out")
        return
    log = [(event, line) for line in memorybank.events(Path(name)) for event in [_event(line)]]
    days = len({(event.user_id, event.time.date()) for event, _ in log})
    for when, words in WHEN.items():
        plan.say(f"cost: {words}")
        script, nudges = _told(log, when)
        calls, usd = script.calls.total(), (script.asked * USD_IN + script.said * USD_OUT) / 1_000_000
        note = f"{nudges} nudges, {calls} calls, {days} person-days"
        for measure, unit, value in (
            ("calls per person-day", "calls", calls / days),
            ("calls per 1,000 events", "calls", calls / len(log) * 1_000),
            ("calls per nudge", "calls", calls / nudges),
            ("tokens per person-day", "tokens", (script.asked + script.said) / days),
            ("tokens asked per 1,000 events", "tokens", script.asked / len(log) * 1_000),
            ("of these, instructions", "%", script.instructed / script.asked * 100),
            ("tokens answered per 1,000 events", "tokens", script.said / len(log) * 1_000),
            ("tokens per nudge", "tokens", (script.asked + script.said) / nudges),
            ("cost per person-day", "US cents", usd / days * 100),
            ("cost per 1,000 events", "US cents", usd / len(log) * 100_000),
            ("cost per nudge", "US cents", usd / nudges * 100),
        ):
            yield figure("cost", f"{words}: {measure}", unit, [value], note=note)


def _event(line: bytes) -> _Event:
    return msgspec.json.decode(line, type=_Event)


def _told(log: list[tuple[_Event, bytes]], when: str) -> tuple[_Counted, int]:
    begin = log[0][0].time
    budget = {"calls_per_person_per_day": 1_000_000, "calls_per_minute": 1_000_000}
    script = _Counted(RULES)
    world = MemoryWorld(
        Setting(
            name="memorybank",
            start=begin,
            policy=parse({"reading": {"when": when}, "budget": budget}),
            agents=agents.load([]),
            script=script,
        )
    )
    for event, line in log:
        world.advance(event.time)
        world.append([NewRecord("user-events", event.user_id.encode(), line, milliseconds(event.time))])
        world.settle()
    world.advance(log[-1][0].time + AFTERWARDS)
    world.settle()
    nudges = len(world.records("nudges"))
    world.close()
    return script, nudges
