"""One and two workers on the same log, on one machine: how the group's throughput grows, and what bounds it.

The log of `through` (uniform) over 4 partitions. The workers have shared them out and are stopped (SIGSTOP) while it is
written; the clock runs from SIGCONT until all is committed. Events per second of the group, and the share of the
machine's cores that the workers have used: the broker needs its own.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack

from app.bench.figures import Figure, Plan, figure, ratio
from app.bench.mix import people
from tests.bench.ground import Ground, Group, Spent, ground, through
from tests.bench.takeover import shared_out
from tests.bench.through import EVENTS, PEOPLE, made
from topics.record import NewRecord

WORKERS = (1, 2)


def run(plan: Plan) -> Iterator[Figure]:
    """One worker, then two, in each round."""
    users = people(plan.scaled(PEOPLE, least=500))
    log = made(plan.scaled(EVENTS, least=5_000), users, "uniform")
    rates: dict[int, list[float]] = {count: [] for count in WORKERS}
    cores: dict[int, list[float]] = {count: [] for count in WORKERS}
    with ground() as here:
        for turn in range(plan.rounds):
            for count in WORKERS:
                plan.say(f"scale_out: round {turn + 1} of {plan.rounds}, {count} at work")
                rate, used = asyncio.run(_round(here, log, count))
                rates[count].append(rate)
                cores[count].append(used)
    for count in WORKERS:
        yield figure("scale_out", f"workers: {count}", "events/s", rates[count])
        yield figure("scale_out", f"workers: {count}, cores used by them", "cores", cores[count])
    yield ratio("scale_out", "two workers / one", rates[2], rates[1], note=f"{os.cpu_count()} cores in all")


async def _round(here: Ground, log: Sequence[NewRecord], count: int) -> tuple[float, float]:
    async with here.topics() as topics, AsyncExitStack() as closing:
        # Stopped workers are silent for as long as the log is being written.
        workers = [
            await closing.enter_async_context(
                topics.worker(state=f"state-{n}", ready=False, KAFKA__SESSION_TIMEOUT="60s")
            )
            for n in range(count)
        ]
        await shared_out(workers)
        for one in workers:
            one.process.send_signal(signal.SIGSTOP)
        await topics.load(log)
        for one in workers:
            one.process.send_signal(signal.SIGCONT)
        begun = [Spent(one.process.pid, 0) for one in workers]
        async with Group(here.address, topics.group, topics.input) as group:
            await through(
                group,
                workers[0].process.pid,
                first=0,
                last=len(log),
                alive=lambda: all(one.process.returncode is None for one in workers),
            )
        ended = [Spent(one.process.pid, 0) for one in workers]
        seconds = ended[0].at - begun[0].at
        used = sum(after.cpu_s - before.cpu_s for before, after in zip(begun, ended, strict=True))
        return len(log) / seconds, used / seconds
