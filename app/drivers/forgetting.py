"""What a local copy no longer holds goes from the disk too: within a day, as on the brokers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TypeVar

from app.drivers.local_rows import LocalRows
from app.drivers.rocks import StoreError

log = logging.getLogger("tactful.partition")

Answer = TypeVar("Answer")

EVERY = timedelta(hours=24)
"""As `max.compaction.lag.ms` of nudge-state: until then files may hold what a row held before, an erased one too."""
AFTER_START_S, APART_S = 60.0, 10.0
"""A copy whose turn is past waits until its worker is at work, and those of one worker do not begin at once."""


@asynccontextmanager
async def forgetting(rows: LocalRows, number: int) -> AsyncIterator[None]:
    """While the copy is open; in the end the piece that is under way is waited for, which takes a second at most."""
    task = asyncio.create_task(_forget(rows, number), name=f"forgetting {number}")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _forget(rows: LocalRows, number: int) -> None:
    while True:
        last = rows.forgot_at
        due_s = 0.0 if last is None else last + EVERY.total_seconds() - time.time()
        await asyncio.sleep(max(due_s, AFTER_START_S + number * APART_S))
        try:
            await forget(rows)
        except StoreError as error:
            log.warning(
                "partition %d: what its local copy no longer holds is still on the disk: %s", number, error
            )


async def forget(rows: LocalRows) -> None:
    """Piece by piece, in another thread; who is cancelled meanwhile still waits for the piece under way."""
    began = time.time()
    for begin, end in await _in_a_thread(rows.store.flushed):
        await _in_a_thread(partial(rows.store.compact, begin, end))
    rows.forgotten(began)


async def _in_a_thread(work: Callable[[], Answer]) -> Answer:
    """The store must not be closed under it."""
    piece = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(piece)
    except asyncio.CancelledError:
        await asyncio.wait({piece})
        raise
