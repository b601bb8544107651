"""One worker in this process, from its start to the signal that ends it."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.cli.hanging import ended_when_it_hangs
from app.drivers.canary import Canary
from app.drivers.served import NotDrained, Served
from app.http.server import WorkerServer
from app.settings import Settings, unknown_variables
from app.wiring import Wired, wired

log = logging.getLogger("tactful.worker")

SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOOK_S = 0.25
"""How often to look whether it became ready, or unready."""
LEAVING_S = 5.0
"""What a drained worker may need besides to leave the group and to close its files."""


COLLECTED_AFTER = (50_000, 20, 20)
"""Python's default (700 objects) looks for cycles many times in each batch of events, among rows that have none:
12 % of a busy worker's time, and pauses of 0.1 s. What is left over in cycles (errors, tasks) is little."""


async def serve(settings: Settings, *, patience_s: float | None) -> None:
    """Until SIGTERM or SIGINT, which drain; a second one ends it at once.

    Raises SettingsError, StoreError, CannotListen, OutOfReach, NotDrained, or what only a new process can mend.
    """
    for name in unknown_variables():
        log.warning("%s means nothing to this worker: is it misspelt?", name)
    async with wired(settings, patience_s=patience_s) as worker:
        server = WorkerServer(worker)
        await server.start()
        gc.freeze()  # what was made so far lives as long as the process
        gc.set_threshold(*COLLECTED_AFTER)
        try:
            await _live(worker, server)
        finally:
            await server.stop()
    log.info("ended")


async def _live(worker: Wired, server: WorkerServer) -> None:
    served, asked_to_end = worker.served, asyncio.Event()
    async with obeying(asked_to_end), _beside(worker), ended_when_it_hangs():
        running = asyncio.create_task(served.run(), name="worker")
        ending = asyncio.create_task(asked_to_end.wait(), name="signal")
        await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not running.done():
            within_s = worker.settings.drain_within.total_seconds()
            log.info("ending: what is decided is committed, within %g s", within_s)
            server.drain()
            await served.drain(within_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s + LEAVING_S):
                    await asyncio.wait({running})
        if not running.done():
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            raise NotDrained("the worker had not ended")
        await running


@asynccontextmanager
async def obeying(asked_to_end: asyncio.Event) -> AsyncIterator[None]:
    """Signals set the event; the second one ends the process as if it had never been caught."""
    loop = asyncio.get_running_loop()

    def heard(which: signal.Signals) -> None:
        log.info("%s", which.name)
        asked_to_end.set()
        for each in SIGNALS:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    for each in SIGNALS:
        loop.add_signal_handler(each, heard, each)
    try:
        yield
    finally:
        for each in SIGNALS:
            loop.remove_signal_handler(each)


@asynccontextmanager
async def _beside(worker: Wired) -> AsyncIterator[None]:
    """What goes on while it works: the heartbeat, and a line whenever it becomes ready or unready."""
    canary = Canary(worker.served, worker.clock, worker.metrics.absorb)
    tasks = [
        asyncio.create_task(canary.run(), name="canary"),
        asyncio.create_task(_told_of_readiness(worker.served), name="readiness"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _told_of_readiness(served: Served) -> None:
    was: list[str] | None = None
    while True:
        reasons = served.unready()
        if reasons != was:
            if reasons:
                log.info("not ready: %s", "; ".join(reasons))
            else:
                log.info("ready: partitions %s", ", ".join(map(str, served.partitions)) or "none yet")
        was = reasons
        await asyncio.sleep(LOOK_S)
