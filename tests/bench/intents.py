"""How late plans speak: 5,000 due each second, and 100,000 due at one instant with other people's events beside.

Each plan is a person's own, due while the worker is at work: its maturity is written to the log, read back and judged,
and its nudge is committed, in the agent's own words (no model). Lateness is from the due time to the moment at which a
reader of committed records has the nudge, in seconds.
For the crowd: how long until the last has spoken, and meanwhile, in milliseconds, the latency of 20 people a second
who are new and ask for something at once (they come behind those whose plans run out earlier), and of 20 a second who
take a plan back (an event like any other, until its outcome). What very many plans cost while they wait is in
`timers` and `restore`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from app.bench.figures import Figure, Goal, Plan, figure, percentile
from app.bench.mix import people
from tests.bench.ground import Ground, ground
from tests.bench.rows import seed
from tests.bench.watching import Seen, ask_steadily, taking_back, watching

A_SECOND = 5_000
SECONDS = 20
CROWD = 100_000
PROBES_A_SECOND = 20
BEGINS_IN_S = 30.0
"""From the seeding on: rows are written and restored, and a worker has started, also on a busy machine."""
SHARES = {"p50": 0.5, "p99": 0.99, "max": 1.0}

Found = dict[str, float]


def run(plan: Plan) -> Iterator[Figure]:
    """A new deployment for each round of each of the two."""
    steady, crowded = [], []
    with ground() as here:
        for turn in range(plan.rounds):
            plan.say(f"intents: round {turn + 1} of {plan.rounds}: so many a second")
            steady.append(asyncio.run(_steady(plan, here)))
            plan.say(f"intents: round {turn + 1} of {plan.rounds}: a crowd")
            crowded.append(asyncio.run(_crowded(plan, here)))
    for name in SHARES:
        goal = Goal("at most", 1) if name == "p99" else None
        values = [one[name] for one in steady]
        yield figure("intents", f"lateness, {A_SECOND:,} due a second, {name}", "s", values, goal=goal)
    yield figure("intents", "the crowd: all have spoken after", "s", [one["all"] for one in crowded])
    yield figure("intents", "the crowd: half have spoken after", "s", [one["half"] for one in crowded])
    for name in SHARES:
        yield figure("intents", f"the crowd: others' plans, {name}", "ms", [one[name] for one in crowded])
    for name in SHARES:
        values = [one[f"event {name}"] for one in crowded]
        yield figure("intents", f"the crowd: others' events, {name}", "ms", values)


async def _steady(plan: Plan, here: Ground) -> Found:
    count = plan.scaled(A_SECOND * SECONDS, least=A_SECOND)
    begins = datetime.now(UTC) + timedelta(seconds=BEGINS_IN_S)
    users, due = people(count), [begins + timedelta(seconds=n / A_SECOND) for n in range(count)]
    async with here.topics() as topics:
        await seed(topics, users, due)
        async with topics.worker() as one, watching(topics) as seen:
            _in_time(begins)
            await seen.until(count, alive=lambda: one.process.returncode is None)
    late = [seen.at[user] - at.timestamp() for user, at in zip(users, due, strict=True)]
    return _shares(late)


async def _crowded(plan: Plan, here: Ground) -> Found:
    count = plan.scaled(CROWD, least=2_000)
    at_once = datetime.now(UTC) + timedelta(seconds=BEGINS_IN_S)
    users = people(count)
    async with here.topics() as topics:
        await seed(topics, users, [at_once] * count)
        async with (
            topics.worker() as one,
            watching(topics) as seen,
            watching(topics, "nudge-outcome") as closed,
        ):
            _in_time(at_once)
            await asyncio.sleep(at_once.timestamp() - time.time())
            asked: dict[str, float] = {}
            taken_back: dict[str, float] = {}
            turn = 0
            while sum(user in seen.at for user in users) < count:
                some = [f"{turn}-{n}" for n in range(PROBES_A_SECOND)]
                found = await asyncio.gather(
                    ask_steadily(topics, [f"asks-{n}" for n in some], PROBES_A_SECOND),
                    ask_steadily(topics, [f"not-{n}" for n in some], PROBES_A_SECOND, made=taking_back),
                )
                asked, taken_back, turn = asked | found[0], taken_back | found[1], turn + 1
            await seen.until(count + len(asked), alive=lambda: one.process.returncode is None)
            everybody = count + len(asked) + len(taken_back)
            await closed.until(everybody, alive=lambda: one.process.returncode is None)
    spoke = sorted(seen.at[user] - at_once.timestamp() for user in users)
    return {
        **_shares(_waited(seen, asked)),
        **{f"event {name}": ms for name, ms in _shares(_waited(closed, taken_back)).items()},
        "all": spoke[-1],
        "half": percentile(spoke, 0.5),
    }


def _waited(seen: Seen, appended: Mapping[str, float]) -> list[float]:
    """Milliseconds."""
    return [(seen.at[user] - at) * 1_000 for user, at in appended.items()]


def _shares(values: Sequence[float]) -> Found:
    return {name: percentile(values, share) for name, share in SHARES.items()}


def _in_time(begins: datetime) -> None:
    if datetime.now(UTC) > begins:
        raise RuntimeError("the worker was ready only after the first plan was due: the machine is too busy")
