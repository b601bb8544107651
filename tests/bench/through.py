"""Events through the whole worker, and CPU per event, against other stream processors on the same broker.

300,000 events of some 300 bytes (the mix that app/bench/mix.py writes down) among 10,000 people, uniform and by Zipf's
law, over 4 partitions; every person's consent stands before them and is the warm-up. No model: passes are
deterministic. Tactful is its own process; what it has committed is read from outside, and the clock stops when the
group's offsets, written in the same transactions as everything else, have reached the end; then a reader of committed
records counts the outcomes, which must be as many each time.
The peers count themselves, to the last event handled: aiokafka's getmany with orjson and nothing else; Quix Streams, a
stateful count (at least once, and exactly once); Faust, a table count, and an agent that runs Tactful's own pass
(both with fewer events, since they take long).
Events per second; CPU is the process's user and system time, in microseconds per event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from app.bench.figures import Figure, Goal, Plan, figure, ratio
from app.bench.mix import Spread, consents, events, mixed, people, spread_over
from tests.bench.ground import PARTITIONS, Ground, Group, Topics, ground, through
from tests.bench.peer import Told, interpreter, told
from topics.record import NewRecord

EVENTS = 300_000
PEOPLE = 10_000
FOR_FAUST = 30_000
SPREADS: tuple[Spread, ...] = ("uniform", "zipf")
GOALS = {"quix count": Goal("at least", 1.2), "faust count": Goal("at least", 10)}

Round = dict[str, Told]


def run(plan: Plan) -> Iterator[Figure]:
    """All of them in each round, on the same log; their order turns."""
    count, users = plan.scaled(EVENTS, least=5_000), people(plan.scaled(PEOPLE, least=500))
    plan.say("through: the peers' environment")
    interpreter()
    with ground() as here:
        for spread in SPREADS:
            log = made(count, users, spread)
            rounds, outcomes = [], set()
            for turn in range(plan.rounds):
                found, closed = asyncio.run(
                    _round(plan, here, log, skip=len(users), turn=turn, spread=spread)
                )
                rounds.append(found)
                outcomes.add(closed)
            if len(outcomes) != 1 or not outcomes.pop():
                raise AssertionError("the same events must have the same outcomes in each round, and some")
            yield from _figures(spread, rounds)


def made(count: int, users: Sequence[str], spread: Spread) -> list[NewRecord]:
    """The consents, and so many events of the mix; all in the last minutes, as they would be on a busy day."""
    begin = datetime.now(UTC) - timedelta(minutes=10)
    return [
        *consents(users, begin),
        *events(mixed(count), spread_over(users, count, spread), begin, first=len(users)),
    ]


async def tactful(topics: Topics, log: Sequence[NewRecord], skip: int, **env: str) -> Told:
    """Tactful's own worker on a loaded log, seen from outside."""
    async with (
        topics.worker(ready=False, **env) as one,
        Group(topics.ground.address, topics.group, topics.input) as group,
    ):
        pid = one.process.pid
        begun, ended = await through(
            group, pid, first=skip, last=len(log), alive=lambda: one.process.returncode is None
        )
    return {
        "events": ended.events - begun.events,
        "seconds": ended.at - begun.at,
        "cpu_s": ended.cpu_s - begun.cpu_s,
    }


async def _round(
    plan: Plan, here: Ground, log: Sequence[NewRecord], *, skip: int, turn: int, spread: Spread
) -> tuple[Round, int]:
    async with here.topics() as topics:
        await topics.load(log)
        few = skip + max(1, (len(log) - skip) * FOR_FAUST // EVENTS)

        def peer(script: str, count: int, *more: object, ours: bool = False) -> Told:
            group = f"{topics.prefix}{script}-{'-'.join(map(str, more))}"
            return told(script, here.address, topics.input, group, skip, count, *more, ours=ours)

        peers = {
            "aiokafka + orjson": lambda: peer("plain_reader", len(log)),
            "quix count": lambda: peer("quix_count", len(log), "at-least-once"),
            "quix count, exactly once": lambda: peer("quix_count", len(log), "exactly-once"),
            "faust count": lambda: peer("faust_count", few, PARTITIONS),
            "faust, our pass": lambda: peer("faust_pass", few, PARTITIONS, ours=True),
        }
        names = ["tactful", *peers]
        found: Round = {}
        closed = 0
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            if name == "tactful":
                found[name] = await tactful(topics, log, skip)
                closed = len(await topics.committed("nudge-outcome"))
            else:
                found[name] = await asyncio.to_thread(peers[name])
            rate = found[name]["events"] / found[name]["seconds"]
            plan.say(f"through, {spread}, round {turn + 1}: {name} {rate:,.0f}/s")
    return found, closed


def _figures(spread: Spread, rounds: Sequence[Round]) -> Iterator[Figure]:
    rates = {name: [one[name]["events"] / one[name]["seconds"] for one in rounds] for name in rounds[0]}
    costs = {name: [one[name]["cpu_s"] / one[name]["events"] * 1e6 for one in rounds] for name in rounds[0]}
    for name, values in rates.items():
        yield figure("through", f"{spread}: {name}", "events/s", values)
        yield figure("through", f"{spread}: {name}, CPU", "µs/event", costs[name])
    ours = rates.pop("tactful")
    for name, values in rates.items():
        yield ratio("through", f"{spread}: tactful / {name}", ours, values, goal=GOALS.get(name))
    yield ratio(
        "through",
        f"{spread}: CPU per event / aiokafka + orjson",
        costs["tactful"],
        costs["aiokafka + orjson"],
        goal=Goal("at most", 8),
    )
