"""From the append of an event to the nudge that follows from it, as a reader of committed records sees both.

1,000 events a second for 30 s (the mix of app/bench/mix.py), 50 of them plans that are due at once, of people who are
new and may be reached: the plan is opened, its maturity is written to the person's log and committed, read back,
judged, and the nudge is committed. No model: the agent's own words. Milliseconds, from before the append to the moment
at which the nudge was read, the way back from the broker included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

from app.bench.figures import Figure, Goal, Plan, figure, percentile
from app.bench.mix import consents, events, mixed, people, spread_over
from tests.bench.ground import Ground, ground
from tests.bench.watching import ask_steadily, watching

EVENTS_A_SECOND = 1_000
ASKED_A_SECOND = 50
SECONDS = 30
WARM_S = 3
SHARES = {"p50": 0.5, "p99": 0.99, "p999": 0.999}


def run(plan: Plan) -> Iterator[Figure]:
    """A new deployment in each round."""
    found: list[list[float]] = []
    with ground() as here:
        for turn in range(plan.rounds):
            plan.say(f"latency: round {turn + 1} of {plan.rounds}")
            found.append(asyncio.run(_round(plan, here)))
    for name, share in SHARES.items():
        goal = Goal("at most", 250) if name == "p99" else None
        values = [percentile(one, share) for one in found]
        yield figure("latency", f"event to committed nudge, {name}", "ms", values, goal=goal)


async def _round(plan: Plan, here: Ground) -> list[float]:
    seconds = WARM_S + plan.scaled(SECONDS, least=2)
    async with here.topics() as topics:
        others, now = people(2_000), datetime.now(UTC)
        # A new person's consent is an event too.
        count = (EVENTS_A_SECOND - 2 * ASKED_A_SECOND) * seconds
        beside = events(mixed(count), spread_over(others, count, "uniform"), now, first=len(others))
        await topics.load(consents(others, now))
        async with topics.worker() as one, watching(topics) as seen:
            users = [f"asks-{n}" for n in range(ASKED_A_SECOND * seconds)]
            appended = await ask_steadily(topics, users, ASKED_A_SECOND, beside)
            await seen.until(len(users), alive=lambda: one.process.returncode is None)
        return [(seen.at[user] - appended[user]) * 1_000 for user in users[ASKED_A_SECOND * WARM_S :]]
