"""The embedded worker as its owner sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from app.core.row import Row, decode
from app.core.tally import Tally
from app.drivers.rocks import StoreError
from app.drivers.served import STUCK_AFTER_S, UNREADY_AFTER_S, LogAway, OutputEnds, is_done

if TYPE_CHECKING:
    from app.drivers.clock import Clock
    from app.drivers.embedded_worker import EmbeddedWorker
    from topics.record import NewRecord


class EmbeddedServed:
    """All people are in partition 0."""

    spread = 1

    def __init__(self, worker: EmbeddedWorker, clock: Clock) -> None:
        self.log = worker.log
        self._worker = worker
        self._clock = clock

    async def run(self) -> None:
        await self._worker.run()

    async def drain(self, within_s: float) -> None:
        await self._worker.drain(within_s)

    async def append(self, records: Sequence[NewRecord]) -> list[tuple[int, int]]:
        """In one synced write, which holds the event loop for as long as the disk takes."""
        try:
            return [(0, offset) for offset in self.log.append(records, now=self._clock.now())]
        except StoreError as error:
            raise LogAway(str(error)) from error

    def row(self, user_id: str) -> Row | None:
        data = self.log.row(user_id)
        return None if data is None else decode(data)

    def done(self, partition: int, offset: int) -> bool:
        del partition
        return is_done(self.log.head(), offset)

    def received(self, partition: int, offset: int) -> bool:
        del partition
        return self._worker.loop is not None and self._worker.position > offset

    async def output_ends(self, numbers: Sequence[int]) -> Mapping[int, OutputEnds]:
        """There are no open transactions here: what is written can be read."""
        return {number: OutputEnds((), ()) for number in numbers}

    @property
    def paused(self) -> frozenset[str]:
        return self._worker.paused

    @property
    def partitions(self) -> Mapping[int, str]:
        return {0: self._worker.trouble}

    def unready(self) -> list[str]:
        if self._worker.trouble:
            return [f"partition 0: {self._worker.trouble}"]
        return self._without_commit(UNREADY_AFTER_S)

    def stuck(self) -> list[str]:
        return self._without_commit(STUCK_AFTER_S)

    def _without_commit(self, for_s: float) -> list[str]:
        loop = self._worker.loop
        seconds = 0.0 if loop is None else loop.seconds_without_commit_while_work
        if seconds <= for_s:
            return []
        return [f"partition 0 has had work for {seconds:.0f} s and committed nothing: look at the disk"]

    def standing(self) -> Tally:
        tally, loop = Tally(), self._worker.loop
        undecided = 0 if loop is None else loop.partition.undecided
        tally.gauge("tactful_partitions_owned", float(not self._worker.trouble))
        tally.gauge("tactful_undecided_events", undecided, "0")
        tally.gauge("tactful_backlog_fullness_ratio", 0.0 if loop is None else loop.partition.fullness, "0")
        tally.gauge("tactful_lag_events", self._worker.lag + undecided, "0")
        return tally
