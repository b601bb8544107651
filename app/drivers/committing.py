"""The commits of one partition: one at a time, not too close together, each in doubt until durable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.drivers.machine import CommitDoubt

if TYPE_CHECKING:
    from app.core.partition import Commit
    from app.drivers.machine import Machine, PartitionLog, Spans


class Committing:
    """Takes commits from the machine to the log. After one that failed there is no other: see `doubt`.

    `on_commit` is told each result and how long it took, `changed` that it is worth looking again.
    """

    def __init__(
        self,
        partition: Machine,
        log: PartitionLog,
        *,
        within_s: float,
        interval_s: float,
        on_commit: Callable[[str, float], None],
        changed: Callable[[], None],
        spans: Spans,
    ) -> None:
        self._partition = partition
        self._log = log
        self._within_s = within_s
        self._interval_s = interval_s
        self._on_commit = on_commit
        self._changed = changed
        self._spans = spans
        self._began = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.doubt: CommitDoubt | None = None
        self.work_since: float | None = None
        """Since when (monotonic) there has been work without a commit becoming durable."""
        self.last_at: float | None = None
        """When (monotonic) the last commit became durable."""

    @property
    def in_flight(self) -> bool:
        return self._task is not None

    def begin_when_due(self) -> None:
        """Begin the next one if there is work, none is in flight and the last one began long enough ago."""
        if not self._partition.has_work:
            return
        if self.work_since is None:
            self.work_since = time.monotonic()
        if self._task is not None:
            return
        event_loop = asyncio.get_running_loop()
        left = self._began + self._interval_s - event_loop.time()
        if left <= 0:
            self.begin()
        elif self._timer is None:
            self._timer = event_loop.call_later(left, self._due)

    def begin(self) -> None:
        """Begin the next one now; only while none is in flight."""
        commit = self._partition.take_commit()
        if commit is not None:
            self._began = asyncio.get_running_loop().time()
            self._task = asyncio.create_task(self._make_durable(commit))

    async def ended(self) -> None:
        """Wait for the one in flight."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def let_go(self) -> None:
        """Wait no longer for the one in flight: whether it became durable, the next owner will see."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await self.ended()

    def _due(self) -> None:
        self._timer = None
        self._changed()

    async def _make_durable(self, commit: Commit) -> None:
        began, result = time.monotonic(), "failed"
        told = self._spans.committing(commit)
        try:
            async with asyncio.timeout(self._within_s):
                await self._log.commit(commit)
            self._partition.committed(commit.number)
            result = "committed"
        except TimeoutError as error:
            self._in_doubt(f"a commit had not ended after {self._within_s:g} s", error)
        except Exception as error:  # noqa: BLE001 - any failure is doubt, and raised by the loop
            self._in_doubt(f"a commit failed: {str(error) or type(error).__name__}", error)
        finally:
            told(result)
        ended = time.monotonic()
        self._task = None
        if self.doubt is None:
            self.last_at = ended
            self.work_since = ended if self._partition.has_work else None
        self._on_commit(result, ended - began)
        self._changed()

    def _in_doubt(self, message: str, cause: Exception) -> None:
        self.doubt = CommitDoubt(message)
        self.doubt.__cause__ = cause
