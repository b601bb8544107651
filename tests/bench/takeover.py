"""From the SIGKILL of a worker to its successor's first commit on each partition that it held.

Two workers share 4 partitions, and 200 events a second come in. One is killed; the other learns of it when the group's
session has ended (10 s, the default), fences, restores and goes on. Seen from outside, by the group's offsets.
Seconds, for the last of the partitions.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import aiohttp

from app.bench.figures import Figure, Goal, Plan, figure
from app.bench.mix import consents, events, mixed, people, spread_over
from tests.bench.ground import LOOK_S, PARTITIONS, Ground, Group, Topics, ground
from tests.worker.process import Worker, asked

SESSION_S = 10.0
A_SECOND = 200
PEOPLE = 1_000
DYING_S = 1.0
"""What was under way at the broker when the worker died may still be committed."""
WITHIN_S = 60.0


def run(plan: Plan) -> Iterator[Figure]:
    """A new deployment in each round."""
    taken = []
    with ground() as here:
        for turn in range(plan.rounds):
            plan.say(f"takeover: round {turn + 1} of {plan.rounds}")
            taken.append(asyncio.run(_round(here)))
    yield figure(
        "takeover", "SIGKILL to the successor's commit", "s", taken, goal=Goal("at most", SESSION_S + 3)
    )


async def _round(here: Ground) -> float:
    async with here.topics() as topics:
        users = people(PEOPLE)
        await topics.load(consents(users, datetime.now(UTC)))
        async with (
            topics.worker(state="one", ready=False) as one,
            topics.worker(state="two", ready=False) as two,
        ):
            held, _ = await shared_out([one, two])
            living = asyncio.create_task(_events(topics, users))
            try:
                await asyncio.sleep(2)
                async with Group(here.address, topics.group, topics.input) as group:
                    return await _until_taken_over(group, one, held)
            finally:
                living.cancel()
                await asyncio.gather(living, return_exceptions=True)


async def _until_taken_over(group: Group, one: Worker, held: set[int]) -> float:
    await one.end(signal.SIGKILL)
    killed = time.monotonic()
    await asyncio.sleep(DYING_S)
    before = await group.offsets()
    left = {place for place in before if place.partition in held}
    while left:
        if time.monotonic() - killed > WITHIN_S:
            raise TimeoutError(f"nobody has committed anything on {sorted(left)}")
        await asyncio.sleep(LOOK_S)
        now = await group.offsets()
        left = {place for place in left if now.get(place, 0) <= before[place]}
    return time.monotonic() - killed


async def _events(topics: Topics, users: list[str]) -> None:
    n = len(users)
    while True:
        whose = spread_over(users, A_SECOND // 10, "uniform", seed=n)
        await topics.appender.append(events(mixed(len(whose), seed=n), whose, datetime.now(UTC), first=n))
        n += len(whose)
        await asyncio.sleep(0.1)


async def shared_out(workers: Sequence[Worker]) -> list[set[int]]:
    """Wait until each has some of the partitions, and all together have all of them; the shares."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(WITHIN_S):
        while True:
            pages = [await asked(session, f"{each.url}/readyz") for each in workers]
            shares = [
                {int(number) for number in page["partitions"]} if status == 200 else set()
                for status, page in pages
            ]
            if all(shares) and sorted(n for share in shares for n in share) == list(range(PARTITIONS)):
                return shares
            await asyncio.sleep(0.1)
