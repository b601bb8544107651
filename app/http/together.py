"""Events of many requests, written to the log together: one sync of the disk, one round trip, for all that wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from app.drivers.served import LogAway

if TYPE_CHECKING:
    from topics.record import NewRecord

AT_ONCE = 1_000
"""Records in one write: at 1 KB each, two of a broker's batches."""
WAITING_AT_MOST = 10_000
"""Records that wait for the log; beyond it a caller is sent away, and may come again."""
BYTES_AT_MOST = 64 * 1024 * 1024
"""Of their values: at a quarter of a MB each, 10,000 would be 2.5 GB."""

Append = Callable[[Sequence["NewRecord"]], Awaitable[object]]


class Together:
    """One write at a time; what arrives meanwhile goes into the next."""

    def __init__(self, append: Append) -> None:
        self._append = append
        self._queue: deque[tuple[Sequence[NewRecord], asyncio.Future[None]]] = deque()
        self._waiting = self._bytes = 0
        self._writing: asyncio.Task[None] | None = None

    async def add(self, records: Sequence[NewRecord]) -> None:
        """Return when the log has them; LogAway when it cannot take them, or too many wait already."""
        if not records:
            return
        size = _size(records)
        if self._waiting and (
            self._waiting + len(records) > WAITING_AT_MOST or self._bytes + size > BYTES_AT_MOST
        ):
            raise LogAway(f"{self._waiting} events wait for the log: send these again in a moment")
        done = asyncio.get_running_loop().create_future()
        self._queue.append((records, done))
        self._waiting += len(records)
        self._bytes += size
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        try:
            while self._queue:
                await self._write_some()
        finally:
            self._writing = None

    async def _write_some(self) -> None:
        those, records = self._next()
        try:
            await self._append(records)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait
            for done in those:
                if not done.done():
                    done.set_exception(error)
        else:
            for done in those:
                if not done.done():
                    done.set_result(None)
        finally:
            self._waiting -= len(records)
            self._bytes -= _size(records)

    def _next(self) -> tuple[list[asyncio.Future[None]], list[NewRecord]]:
        those: list[asyncio.Future[None]] = []
        records: list[NewRecord] = []
        while self._queue and (not records or len(records) + len(self._queue[0][0]) <= AT_ONCE):
            few, done = self._queue.popleft()
            those.append(done)
            records.extend(few)
        return those, records


def _size(records: Sequence[NewRecord]) -> int:
    return sum(len(record.value or b"") for record in records)
