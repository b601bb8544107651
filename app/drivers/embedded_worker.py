"""The embedded worker: one partition over the embedded log, started again after any doubt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from app.core.partition import Head
from app.drivers.controls import Controls
from app.drivers.embedded import EmbeddedLog
from app.drivers.partition_loop import HOPELESS, MIN_COMMIT_INTERVAL_S, PartitionLoop
from app.drivers.served import NotDrained
from topics.controls import NUDGE_CONTROLS

if TYPE_CHECKING:
    from app.core.tally import Tally
    from app.drivers.clock import Clock
    from app.drivers.machine import Machine, Model, Spans

log = logging.getLogger("tactful.worker")

RECORDS_AT_ONCE = 2_000
"""As many as are taken from a broker at once: enough that batching pays, few enough to stay responsive."""
FULL_STEP_S = 0.01
"""How often to look whether a full partition takes events again."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
SETTLING_STEP_S = 0.001

Build = Callable[[Head, Callable[[str], bytes | None]], "Machine"]
"""Makes the machine from what is durable: its head, and a way to look up a person's row."""


def _nothing(*_: object) -> None:
    pass


class EmbeddedWorker:
    """Runs until it is drained or killed; `trouble` says why it starts again, and is empty while it works.

    `room` answers how many more people may be woken when so many already are.
    """

    def __init__(
        self,
        log: EmbeddedLog,
        *,
        build: Build,
        model: Model,
        clock: Clock,
        room: Callable[[int, datetime], int],
        on_tally: Callable[[Tally], None] = _nothing,
        on_commit: Callable[[str, float], None] = _nothing,
        spans: Callable[[int], Spans] | None = None,
        min_commit_interval_s: float = MIN_COMMIT_INTERVAL_S,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self.log = log
        self.trouble = "it has not started yet"
        self.loop: PartitionLoop | None = None
        self._build = build
        self._model = model
        self._clock = clock
        self._room = room
        self._on_tally = on_tally
        self._on_commit = on_commit
        self._spans = spans
        self._interval_s = min_commit_interval_s
        self._first_pause_s = first_pause_s
        self.position = 0
        """Everything below was handed to the machine."""
        self.paused: frozenset[str] = frozenset()
        self._stop = asyncio.Event()
        self._drained = True

    # Its life

    async def run(self) -> None:
        """Work until `drain` or `kill`; after any doubt, pause and start again from the last commit."""
        pause = self._first_pause_s
        while not self._stop.is_set():
            began = asyncio.get_running_loop().time()
            try:
                await self._one_life()
            except HOPELESS as error:
                self.trouble = str(error)
                log.error("given up by this worker: %s", error)  # noqa: TRY400 - the text says it all
                await self._stop.wait()
            except Exception as error:
                if asyncio.get_running_loop().time() - began > LONGEST_PAUSE_S:
                    pause = self._first_pause_s
                self.trouble = str(error) or type(error).__name__
                log.exception("starting again from the last commit in %g s: %s", pause, self.trouble)
                await self._pause(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
            finally:
                self.loop = None
        if not self._drained:
            raise NotDrained("partition 0")

    async def drain(self, within_s: float) -> None:
        """Finish the commit in flight and one more, take nothing new, and end `run`."""
        self._stop.set()
        if self.loop is not None:
            self._drained = False
            self._drained = await self.loop.drain(within_s)

    def kill(self) -> None:
        """End `run` at once, as a crash would: what is not committed never happened."""
        self._stop.set()
        if self.loop is not None:
            self.loop.stop()

    # What its owner asks

    @property
    def ready(self) -> bool:
        """Whether it is at work, and has read up to where the log stood."""
        return self.loop is not None and not self.trouble

    @property
    def lag(self) -> int:
        """Events in the log that were not handed to the machine yet."""
        return self.log.end() - self.position

    async def settled(self) -> None:
        """Wait until all that is in the log is decided, but for what waits for the clock, or it has ended."""
        while not self._stop.is_set():
            loop = self.loop
            if loop is None or loop.ended:
                await asyncio.sleep(SETTLING_STEP_S)
                continue
            await loop.settled()
            if loop.idle and not loop.ended and (self.lag == 0 or loop.full):
                return
            await asyncio.sleep(0)

    # One life: from what is durable to the first doubt

    async def _one_life(self) -> None:
        head = self.log.head()
        machine = self._build(head, self.log.row)
        machine.restore_timers(self.log.rows())
        loop = PartitionLoop(
            machine,
            log=self.log,
            model=self._model,
            clock=self._clock,
            room=lambda now: self._room(machine.woken, now),
            on_tally=self._on_tally,
            on_commit=self._on_commit,
            spans=self._spans and self._spans(0),
            min_commit_interval_s=self._interval_s,
        )
        self.loop, self.trouble, self.position = loop, "", head.next
        tasks = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("loop", loop.run()),
                ("events", self._pump(loop)),
                ("controls", self._obey(loop)),
            )
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            loop.stop()
            for task in tasks[1:]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pump(self, loop: PartitionLoop) -> None:
        while True:
            while loop.full:  # noqa: ASYNC110 - the bound is far away and seldom met: no event is kept for it
                await asyncio.sleep(FULL_STEP_S)
            records = self.log.read_from(self.position, RECORDS_AT_ONCE)
            if records:
                loop.receive(records)
                self.position = records[-1].offset + 1
            loop.positioned(self.position)
            await asyncio.sleep(0)
            await self.log.grown(self.position)

    async def _obey(self, loop: PartitionLoop) -> None:
        controls, position = Controls(), 0
        while True:
            records = list(self.log.read_topic(NUDGE_CONTROLS.name, position))
            controls.fold(records)
            position += len(records)
            self.paused = controls.paused
            loop.controls(controls.paused)
            await self.log.grown(position, NUDGE_CONTROLS.name)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            pass
