"""An event loop that hangs can end nothing and answer nobody: a thread beside it ends the process then."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

log = logging.getLogger("tactful.worker")

HUNG_AFTER_S = 60.0
"""As for a partition that commits nothing: by then an agent that never returns has kept everybody waiting."""
LOOK_S = 1.0


def _end() -> None:
    faulthandler.dump_traceback(file=sys.stderr)
    os._exit(1)


@asynccontextmanager
async def ended_when_it_hangs(
    *, after_s: float = HUNG_AFTER_S, look_s: float = LOOK_S, end: Callable[[], None] = _end
) -> AsyncIterator[None]:
    """While this is entered, the event loop must come round at least once in `after_s`.

    Counted in looks and not by the clock: a machine that slept has slept for both. What was being folded is noted
    (see death_notes.py), so that the next process finds an event that is to blame.
    """
    came_round, over = threading.Event(), threading.Event()

    def look() -> None:
        missed = 0
        while not over.wait(look_s):
            missed = 0 if came_round.is_set() else missed + 1
            came_round.clear()
            if missed * look_s >= after_s:
                log.critical(
                    "the event loop has hung for %g s: this process ends, and its successor goes on; the threads' "
                    "present lines follow",
                    after_s,
                )
                end()
                return

    async def come_round() -> None:
        while True:
            came_round.set()
            await asyncio.sleep(look_s / 2)

    beating = asyncio.create_task(come_round(), name="beat")
    thread = threading.Thread(target=look, name="hang watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
