"""One partition for as long as it is assigned to this worker: taken over, at work, in doubt, taken over again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal

from app.core.tally import Tally
from app.drivers.forgetting import forgetting
from app.drivers.kafka_client import KafkaError
from app.drivers.kafka_commit import Fenced, TransactionLog
from app.drivers.kafka_takeover import NotYet, Refused, TakenOver, Takeovers
from app.drivers.local_rows import LocalRows
from app.drivers.machine import CommitDoubt
from app.drivers.partition_loop import HOPELESS, PartitionLoop
from app.drivers.rocks import Store, StoreCorrupt, StoreError, destroy
from topics.record import Record

log = logging.getLogger("tactful.worker")

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
FENCED_PAUSE_S = 5.0
"""Longer than it takes a member that lost its partitions to hear of it: who was fenced must not fence back at once."""
CALM_S = 60.0
"""Work without doubt for so long, and the next pause is the first again."""
REVOKED_WITHIN_S = 3.0
"""What a rebalance waits for a commit in flight: below the session timeout of 6 s and more."""

State = Literal["waiting", "taking over", "running", "paused", "refused", "stopped"]
"""Waiting for the group's word; being restored; at work; pausing after a doubt; refusing until an operator acts, which
is looked at again every 30 s; stopped until another version of the worker takes it: trying again would do harm."""


class Owned:
    """A partition of ours. `state` and `reason` are for /readyz; `loop` is there while it is at work."""

    def __init__(
        self,
        number: int,
        *,
        takeovers: Takeovers,
        turn: asyncio.Semaphore,
        folder: Path,
        loop_for: Callable[[TakenOver], PartitionLoop],
        running: Callable[[int], None],
        stopped: Callable[[int], None],
        gone: Callable[[int], None],
        on_tally: Callable[[Tally, str], None],
    ) -> None:
        """`turn` bounds how many are restored at once; `running` and `stopped` start and stop its reading."""
        self.number = number
        self.state: State = "waiting"
        self.reason = "it was not taken over yet"
        self.loop: PartitionLoop | None = None
        self.position = 0
        """Where reading goes on: everything below was handed to the loop."""
        self._told = -1
        self._takeovers = takeovers
        self._turn = turn
        self._folder = folder
        self._loop_for = loop_for
        self._running = running
        self._stopped = stopped
        self._gone = gone
        self._on_tally = on_tally
        self._log: TransactionLog | None = None
        self._ours = asyncio.Event()
        self._ours.set()
        self._takeover: asyncio.Task[TakenOver] | None = None
        self._ending = asyncio.Event()
        self._pause = FIRST_PAUSE_S
        self._doubted = ""
        self._task = asyncio.create_task(self._live(), name=f"partition {number}")

    @property
    def is_ours(self) -> bool:
        """Whether the group's last word is that this worker has it; not while it shares out again."""
        return self._ours.is_set()

    # What reading tells.

    def receive(self, records: Sequence[Record]) -> None:
        """Records in log order."""
        if self.loop is not None:
            self.loop.receive(records)
            self.position = records[-1].offset + 1

    def positioned(self, position: int) -> None:
        """Nothing below is still to come."""
        if self.loop is not None and position != self._told:
            self.loop.positioned(position)
            self.position = self._told = position

    # What a rebalance tells; none of it waits for more than the commit in flight.

    async def hold(self) -> None:
        """The group shares out again: nothing new becomes durable, and no take-over fences who comes next."""
        self._ours.clear()
        if self._takeover is not None:
            self._takeover.cancel()
        if self._log is not None:
            self._log.hold()
            with suppress(TimeoutError):  # the next owner fences it then
                async with asyncio.timeout(REVOKED_WITHIN_S):
                    await self._log.ended()

    def doubt(self, why: str) -> None:
        """What is being read cannot be trusted: begin again from the last commit."""
        self._doubted = why
        if self.loop is not None:
            self.loop.stop()

    def keep(self) -> None:
        """It is still ours: passes that went on meanwhile become durable now."""
        self._ours.set()
        if self._log is not None:
            self._log.resume()

    async def let_go(self, within_s: float) -> bool:
        """End it: with time, what is decided is committed first; without, the next owner decides it again.

        False when the time ran out, or the commit failed.
        """
        self._ending.set()
        drained = True
        if self.loop is not None and within_s > 0 and self._ours.is_set():
            drained = await self.loop.drain(within_s)
        elif self.loop is not None:
            self.loop.stop()
        if self._takeover is not None:
            self._takeover.cancel()
        await asyncio.wait({self._task})
        self._gone(self.number)
        self._task.result()
        return drained

    # Its life.

    async def _live(self) -> None:
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                await self._wait_for_ours()
                if not self._ending.is_set():
                    await self._one_life()
            except Refused as error:
                self._to("refused", str(error))
                log.error("partition %d: %s", self.number, error)  # noqa: TRY400 - the text says it all
                await self._rest(LONGEST_PAUSE_S)
            except HOPELESS as error:
                self._to("stopped", str(error))
                log.error("partition %d is given up by this worker: %s", self.number, error)  # noqa: TRY400 - as above
                await self._ending.wait()
            except (CommitDoubt, NotYet, KafkaError, StoreError, OSError) as error:
                self._rest_after(error, began)
                log.warning(
                    "partition %d starts again from its last commit in %g s: %s",
                    self.number,
                    self._pause,
                    error,
                )
                await self._rest(self._pause)
            except Exception as error:
                self._rest_after(error, began)
                log.exception(
                    "partition %d starts again from its last commit in %g s", self.number, self._pause
                )
                await self._rest(self._pause)

    async def _one_life(self) -> None:
        """From the fence to the first doubt, or until it is let go."""
        store = self._opened()
        try:
            with closing(store), closing(LocalRows(store)) as rows:
                async with forgetting(rows, self.number):
                    taken = await self._taken_over(rows)
                    if taken is not None:
                        await self._at_work(taken)
        except (StoreCorrupt, CommitDoubt) as error:
            # Damage inside a file shows when that part is read, which may be long after the opening.
            if isinstance(error, StoreCorrupt) or isinstance(error.__cause__, StoreCorrupt):
                destroy(self._folder)
            raise

    def _opened(self) -> Store:
        try:
            return Store(self._folder)
        except StoreCorrupt as error:
            log.warning("partition %d: its local copy is damaged and is made anew: %s", self.number, error)
            destroy(self._folder)
            return Store(self._folder)

    async def _taken_over(self, rows: LocalRows) -> TakenOver | None:
        """None when a rebalance came in between."""
        self._to("taking over", "it waits for its turn to be restored")
        async with self._turn:
            if self._ending.is_set() or not self._ours.is_set():
                return None
            self._to("taking over", "its rows are being restored")
            self._takeover = asyncio.create_task(self._takeovers.take_over(self.number, rows))
            try:
                await asyncio.wait({self._takeover})
                if not self._takeover.cancelled():
                    return self._takeover.result()
                if self._ending.is_set() or not self._ours.is_set():
                    return None
                raise NotYet("its take-over was broken off")
            finally:
                self._takeover.cancel()
                self._takeover = None

    async def _at_work(self, taken: TakenOver) -> None:
        if taken.lost:
            log.error(
                "partition %d: %d events were deleted by retention before they were decided; see the topic's "
                "retention.ms and the worker's lag",
                self.number,
                taken.lost,
            )
        tally = Tally()
        tally.count("tactful_events_lost_total", by=taken.lost)
        tally.observe("tactful_restore_seconds", taken.seconds)
        self._tell(tally)
        log.info(
            "partition %d is ours from offset %d on: %d records restored in %.2f s",
            self.number,
            taken.start,
            taken.restored,
            taken.seconds,
        )
        self._log, self.position, self._told, self._doubted = taken.log, taken.start, -1, ""
        if not self._ours.is_set():
            taken.log.hold()
        self.loop = loop = self._loop_for(taken)
        try:
            if not self._ending.is_set():
                self._to("running", "")
                self._running(self.number)
                await loop.run()
            if self._doubted:
                raise CommitDoubt(self._doubted)
        finally:
            self._doubted = ""
            self.loop = self._log = None
            self._to("waiting", "it is being let go")
            self._stopped(self.number)
            await taken.log.close()

    async def _wait_for_ours(self) -> None:
        if not self._ours.is_set():
            self._to("waiting", "the group is sharing its partitions out")
        waits = {asyncio.create_task(event.wait()) for event in (self._ours, self._ending)}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    def _rest_after(self, error: Exception, began: float) -> None:
        """Choose the pause: twice as long each time, the first again after a calm while."""
        if time.monotonic() - began > CALM_S:
            self._pause = FIRST_PAUSE_S
        if isinstance(error.__cause__, Fenced):
            tally = Tally()
            tally.count("tactful_fenced_total")
            self._tell(tally)
            self._pause = max(self._pause, FENCED_PAUSE_S)
        self._to("paused", str(error) or type(error).__name__)

    async def _rest(self, seconds: float) -> None:
        self._pause = min(2 * self._pause, LONGEST_PAUSE_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ending.wait()

    def _to(self, state: State, reason: str) -> None:
        self.state, self.reason = state, reason

    def _tell(self, tally: Tally) -> None:
        self._on_tally(tally, str(self.number))
