"""A real worker on a broker, until it is killed or drained: `python -m ... ADDRESS PREFIX FOLDER`."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from agents import FIVE
from app.core.partition import Partition
from app.drivers.clock import SteadyClock
from app.drivers.kafka_client import Connection, Kafka
from app.drivers.kafka_worker import KafkaWorker
from tests.facts.drivers.kill_me import POLICY, Slow

GROUP = "victims"


async def work(address: str, prefix: str, folder: Path) -> None:
    """Say `up` when all that is ours is at work; end on SIGTERM."""
    agents = {agent.name: agent for agent in FIVE}
    worker = KafkaWorker(
        Kafka(Connection(bootstrap=address, prefix=prefix)),
        group=GROUP,
        state_dir=folder,
        build=lambda number, head, rows: Partition(
            number, head=head, rows=rows, policy=POLICY, agents=agents
        ),
        model=Slow(),
        clock=SteadyClock(),
        room=lambda woken, _: max(0, 32 - woken),
        session_timeout_ms=3_000,  # each who is killed is waited for so long
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.drain, 10)
    running = asyncio.create_task(worker.run())
    while not (worker.ready and worker.status) and not running.done():  # noqa: ASYNC110  # as any owner polls
        await asyncio.sleep(0.01)
    print("up", flush=True)  # noqa: T201  # how the test hears of it
    await running


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(work(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
