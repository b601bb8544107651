"""Passes that wait 200 ms for a model beside passes that ask nothing, and whether anybody's order suffers.

200,000 events among 10,000 people, uniform and by Zipf's law, over 4 partitions: activity 35 %, requests 25 %,
revocations 20 %, receipts 10 %, and 5 % messages, each followed by the end of its conversation (5 %), which asks the
model. The model is a pause in the worker's own process; "without" it is the same log with an activity in place of each
end. Events per second, from the first commit after the consents to the last.
Order: each person's requests and revocations are folded once more by a few lines that share no code with the worker;
which event closes which plan must be the same, pair by pair. A pair that differs is a violation.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from app.bench.figures import Figure, Goal, Plan, figure, ratio
from app.bench.mix import KINDS, Made, Spread, consents, people, records, spread_over
from tests.bench.ground import AT_ONCE, Ground, Group, Topics, ground, through
from tests.bench.peer import ROOT
from tests.worker.process import killed_at_last
from topics.record import NewRecord

EVENTS = 200_000
PEOPLE = 10_000
SHARES = {"activity": 35, "request": 25, "revocation": 20, "receipt": 10, "message": 5}
PAUSE_S = 0.2
SPREADS: tuple[Spread, ...] = ("uniform", "zipf")

Pair = tuple[str, int, int]
"""A person, and the offsets of what opened and what closed a plan."""


def run(plan: Plan) -> Iterator[Figure]:
    """With and without, in turns."""
    with ground() as here:
        for spread in SPREADS:
            rates: dict[str, list[float]] = {"with": [], "without": []}
            violations = []
            for turn in range(plan.rounds):
                for how, values in rates.items():
                    plan.say(f"slow_model, {spread}, round {turn + 1} of {plan.rounds}: {how}")
                    rate, wrong = asyncio.run(_round(plan, here, spread, asks=how == "with"))
                    values.append(rate)
                    if how == "with":
                        violations.append(wrong)
            yield figure("slow_model", f"{spread}: with the model", "events/s", rates["with"])
            yield figure("slow_model", f"{spread}: without", "events/s", rates["without"])
            goal = Goal("at least", 0.5)
            yield ratio("slow_model", f"{spread}: with / without", rates["with"], rates["without"], goal=goal)
            goal = Goal("at most", 0)
            yield figure("slow_model", f"{spread}: violations of order", "pairs", violations, goal=goal)


def log_of(
    count: int, users: Sequence[str], spread: Spread, *, asks: bool
) -> tuple[list[NewRecord], list[Made]]:
    """The events behind the consents, and what each was made from."""
    by_name, begin = {kind.name: kind for kind in KINDS}, datetime.now(UTC) - timedelta(minutes=10)
    chosen = random.Random(3).choices(list(SHARES), list(SHARES.values()), k=count)
    made: list[Made] = []
    whose: list[str] = []
    for n, (name, user) in enumerate(zip(chosen, spread_over(users, count, spread), strict=True)):
        made.append(by_name[name].make(n, begin))
        whose.append(user)
        if name == "message":
            made.append(("conversation.ended", {"conversation_id": "c"}) if asks else ("app.opened", {}))
            whose.append(user)
    return records(made, whose, begin, first=len(users)), made


async def _round(plan: Plan, here: Ground, spread: Spread, *, asks: bool) -> tuple[float, int]:
    users = people(plan.scaled(PEOPLE, least=500))
    log, made = log_of(plan.scaled(EVENTS, least=5_000), users, spread, asks=asks)
    async with here.topics() as topics:
        await topics.load(consents(users, datetime.now(UTC) - timedelta(minutes=10)))
        places = []
        for begin in range(0, len(log), AT_ONCE):
            places.extend(await topics.appender.append(log[begin : begin + AT_ONCE]))
        last = len(users) + len(log)
        async with _worker(topics) as one, Group(here.address, topics.group, topics.input) as group:
            begun, ended = await through(
                group, one.pid, first=len(users), last=last, alive=lambda: one.returncode is None
            )
        closed = {_pair(record.value or b"") for record in await topics.committed("nudge-outcome")}
    expected = _folded(zip(log, made, [offset for _, offset in places], strict=True))
    return (ended.events - begun.events) / (ended.at - begun.at), len(closed ^ expected)


@asynccontextmanager
async def _worker(topics: Topics) -> AsyncIterator[asyncio.subprocess.Process]:
    folder = topics.state()
    folder.mkdir(parents=True)
    with (folder / "stderr").open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.slow_worker", topics.ground.address, topics.prefix),
            *(topics.group, str(folder), str(PAUSE_S)),
            cwd=ROOT,
            stderr=said,
        )
    async with killed_at_last(process):
        yield process


class _Ref(msgspec.Struct):
    offset: int


class _Closed(msgspec.Struct):
    user_id: str
    opened_by: _Ref
    closed_by: _Ref


def _pair(value: bytes) -> Pair:
    outcome = msgspec.json.decode(value, type=_Closed)
    return outcome.user_id, outcome.opened_by.offset, outcome.closed_by.offset


def _folded(log: Iterator[tuple[NewRecord, Made, int]]) -> set[Pair]:
    """A request opens what is not open, a revocation closes what is: in log order, for each person alone."""
    opened: dict[tuple[str, str], int] = {}
    closed: set[Pair] = set()
    for record, (kind, data), offset in log:
        user = (record.key or b"").decode()
        if kind == "intent.requested":
            opened.setdefault((user, data["subject"]), offset)
        elif kind == "intent.revoked" and (user, data["subject_key"]) in opened:
            closed.add((user, opened.pop((user, data["subject_key"])), offset))
    return closed
