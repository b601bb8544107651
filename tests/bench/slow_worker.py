"""A worker on Kafka whose model is a pause: what waits is real, what is asked costs nothing.

    python -m tests.bench.slow_worker ADDRESS PREFIX GROUP FOLDER SECONDS

The SDK, its HTTP and the scripted server would take milliseconds of the processor a request; this is about the order
and the concurrency of passes that wait.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import uvloop

from agents import load
from app.core.asks import Ask, ReadingAnswer, Reply
from app.core.partition import Partition
from app.core.policy import parse
from app.drivers.clock import SteadyClock
from app.drivers.kafka_client import Connection, Kafka
from app.drivers.kafka_worker import KafkaWorker
from app.yaml12 import load as yaml

POLICY = """
settle: {quiet: 1d, at_most: 2d}
budget: {calls_per_person_per_day: 1000000, calls_per_minute: 100000000}
"""
"""A conversation is read at its end alone."""
ROOM = 2_000


class Slow:
    """Reads everything as nothing, after a pause."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.on_wire = 0

    def at_once(self, ask: Ask) -> None:
        """Everything takes time."""

    async def ask(self, ask: Ask) -> Reply:
        """No verdict and no subject."""
        self.on_wire += 1
        try:
            await asyncio.sleep(self._seconds)
        finally:
            self.on_wire -= 1
        return Reply(answer=ReadingAnswer(), model="pause", seconds=self._seconds)


async def main(address: str, prefix: str, group: str, folder: str, seconds: str) -> None:
    kafka, agents = Kafka(Connection(bootstrap=address, prefix=prefix)), load([])
    document = yaml(POLICY)
    assert isinstance(document, dict)
    policy = parse(document)
    worker = KafkaWorker(
        kafka,
        group=group,
        state_dir=Path(folder),
        build=lambda number, head, rows: Partition(
            number, head=head, rows=rows, policy=policy, agents=agents
        ),
        model=Slow(float(seconds)),
        clock=SteadyClock(),
        room=lambda woken, _: max(0, ROOM - woken),
    )
    await worker.run()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
