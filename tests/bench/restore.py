"""Taking over 1,000,000 people with an open plan each: from the changelog, and again from the local copy.

The rows lie in `nudge-state`, over 4 partitions. Cold: a worker with an empty folder, from its first take-over's
beginning to its last one's end (fence, restore, timer index). Against it: aiokafka and rocksdict alone, each batch of
records as one WriteBatch. Warm: the same worker started again on its folder. Rows per second, and seconds.
Besides: the worker's resident memory with all of it in its timer index, and the local copy's bytes for each plan.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from app.bench.figures import Figure, Goal, Plan, figure, of, ratio
from app.bench.mix import people
from tests.bench.ground import PARTITIONS, Ground, ground, on_disk, resident
from tests.bench.peer import interpreter, told
from tests.bench.rows import seed
from tests.worker.process import Worker, until

ROWS = 1_000_000
RESTORED = re.compile(r"partition \d+ is ours from .* restored in ([\d.]+) s")
WITHIN_S = 300.0


def run(plan: Plan) -> Iterator[Figure]:
    """The same rows in each round, to a new folder."""
    count = plan.scaled(ROWS, least=2_000)
    interpreter()
    with ground() as here:
        found = asyncio.run(_rounds(plan, here, count))
    cold, raw = of(found, "cold"), of(found, "raw")
    yield figure("restore", "from the changelog", "rows/s", cold)
    yield figure("restore", "aiokafka + WriteBatch alone", "rows/s", raw)
    yield ratio("restore", "from the changelog / alone", cold, raw, goal=Goal("at least", 0.5))
    yield figure("restore", "from the changelog", "s", of(found, "cold_s"))
    yield figure("restore", "from the local copy", "s", of(found, "warm_s"))
    yield figure("restore", f"resident, {count:,} plans", "MB", of(found, "mb"), goal=Goal("at most", 600))
    yield figure("restore", "local copy per plan", "bytes", of(found, "bytes"), goal=Goal("at most", 1_500))


async def _rounds(plan: Plan, here: Ground, count: int) -> list[dict[str, float]]:
    found = []
    async with here.topics() as topics:
        plan.say(f"restore: {count:,} rows are written")
        await seed(topics, people(count), [datetime.now(UTC) + timedelta(days=3)] * count)
        for turn in range(plan.rounds):
            plan.say(f"restore: round {turn + 1} of {plan.rounds}")
            state = f"state-{turn}"
            async with topics.worker(state=state, ready=False) as one:
                cold_s = await _taken_over(one)
                held = resident(one.process.pid)
                await one.end()
            size = on_disk(topics.state(state))
            async with topics.worker(state=state, ready=False) as one:
                warm_s = await _taken_over(one)
            name = f"{topics.prefix}nudge-state"
            raw = await asyncio.to_thread(told, "raw_restore", here.address, name, PARTITIONS)
            found.append(
                {
                    "cold": count / cold_s,
                    "cold_s": cold_s,
                    "warm_s": warm_s,
                    "raw": raw["events"] / raw["seconds"],
                    "mb": held / 1e6,
                    "bytes": size / count,
                }
            )
    return found


async def _taken_over(one: Worker) -> float:
    """Seconds from the beginning of the first take-over to the end of the last, by the worker's own log."""

    def ends() -> list[tuple[datetime, float]]:
        lines = ((line["ts"], RESTORED.match(line["msg"])) for line in one.lines)
        return [(datetime.fromisoformat(at), float(hit[1])) for at, hit in lines if hit is not None]

    await until(lambda: len(ends()) == PARTITIONS, said=one.said, within_s=WITHIN_S)
    begun = min(at - timedelta(seconds=took) for at, took in ends())
    return (max(at for at, _ in ends()) - begun).total_seconds()
