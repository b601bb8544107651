"""A worker over an embedded log, busy until it is killed: `python -m ... FOLDER COUNT`."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from app.core.asks import Ask, Reply
from app.drivers.clock import SteadyClock
from app.drivers.embedded import EmbeddedLog
from app.drivers.embedded_worker import EmbeddedWorker
from tests.facts.drivers.echo import GOOD, Echo
from topics.record import NewRecord


class Slow:
    """Answers after some milliseconds, so that passes are under way at every moment."""

    on_wire = 0

    async def ask(self, ask: Ask) -> Reply:
        self.on_wire += 1
        try:
            await asyncio.sleep(0.003)
        finally:
            self.on_wire -= 1
        return GOOD


async def busy(folder: Path, count: int) -> None:
    """Append up to `count` events one after the other, and say `done` when all are decided."""
    log = EmbeddedLog(folder)
    worker = EmbeddedWorker(
        log,
        build=lambda head, row: Echo(head, {}),
        model=Slow(),
        clock=SteadyClock(),
        room=lambda _woken, _now: 100,
        min_commit_interval_s=0,
    )
    running = asyncio.create_task(worker.run())
    print("up", flush=True)  # noqa: T201
    while (n := sum(1 for r in log.read_from(0, count) if r.key != b"echo")) < count:
        now = datetime.now(UTC)
        word = b"ask" if n % 3 == 0 else b"plain"
        log.append([NewRecord("user-events", b"u%d" % n, word, 0)], now=now)
        await asyncio.sleep(0)
    await worker.settled()
    await worker.drain(3)
    await running
    log.close()
    print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(busy(Path(sys.argv[1]), int(sys.argv[2])))
