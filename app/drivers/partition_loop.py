"""Carries one Partition's words to the world: requests to the model, commits to the log, time to the machine.

Whatever goes wrong here ends the loop: its owner throws loop and partition away and starts again from the
last commit. That one rule is the whole crash handling.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.core.asks import Reply
from app.core.defects import TooManyDefects
from app.core.row import NewerRow
from app.drivers.asking import Asking
from app.drivers.committing import Committing
from app.drivers.machine import CommitDoubt, Machine, Model, NoSpans, PartitionLog, Spans

if TYPE_CHECKING:
    from app.core.tally import Tally
    from app.drivers.clock import Alarm, Clock
    from topics.record import Record

__all__ = [
    "CommitDoubt",
    "Machine",
    "Model",
    "PartitionLog",
    "PartitionLoop",
    "all_settled",
]

log = logging.getLogger("tactful.partition")

HOPELESS = (NewerRow, TooManyDefects)
"""What only another version of the worker can mend: trying again would pour more into the dead letters."""
COMMIT_WITHIN_S = 15.0
"""The transaction's own timeout: what has not ended by then may or may not be durable."""
MIN_COMMIT_INTERVAL_S = 0.02
"""A transaction takes some 24 ms on a broker (p50): closer together they only cost more."""
ROOM_AGAIN = timedelta(seconds=1)
"""When to look again for room: the budget is a minute's, so a second loses little of it."""
SETTLING_STEP_S = 0.001
"""How often a story looks whether its answers have come; a turn of the event loop would be a busy wait."""
STILL_TURNS = 20
"""Turns of the event loop in which nothing may happen; an answer takes 5 from the model to the machine."""


def _nothing(*_: object) -> None:
    pass


class PartitionLoop:
    """One partition at work: everything happens on one event loop, one step at a time.

    `room` answers how many more people may be woken over the whole worker. `on_less` is told when people who
    were woken here are decided, so that the owner can `poke` the other loops. `on_commit` is told each
    commit's result (`committed` or `failed`) and how long it took.
    """

    def __init__(
        self,
        partition: Machine,
        *,
        log: PartitionLog,
        model: Model,
        clock: Clock,
        room: Callable[[datetime], int],
        on_tally: Callable[[Tally], None] = _nothing,
        on_commit: Callable[[str, float], None] = _nothing,
        on_less: Callable[[], None] = _nothing,
        spans: Spans | None = None,
        min_commit_interval_s: float = MIN_COMMIT_INTERVAL_S,
        commit_within_s: float = COMMIT_WITHIN_S,
    ) -> None:
        self.partition = partition
        self._model = model
        self._clock = clock
        self._room = room
        self._on_tally = on_tally
        self._on_less = on_less
        self._spans = spans or NoSpans()
        self._happened = asyncio.Event()
        self._happened.set()
        self._quiet = asyncio.Event()
        self._asking = Asking(
            model, answered=self._answered, count=on_tally, ended=self._look, spans=self._spans
        )
        self._committing = Committing(
            partition,
            log,
            within_s=commit_within_s,
            interval_s=min_commit_interval_s,
            on_commit=on_commit,
            changed=self._look,
            spans=self._spans,
        )
        self._ticked_at = float("-inf")
        self._error: Exception | None = None
        self._draining = False
        self._stopped = False
        self._woken = 0
        self._ask_for_room = False

    # What the owner tells.

    def receive(self, records: Sequence[Record]) -> None:
        """Records of this partition, in log order; an error ends `run`, not the caller."""
        self._tell(lambda: self.partition.receive(records, self._clock.now()))

    def positioned(self, position: int) -> None:
        """The reader stands here: nothing below is still to come."""
        self._tell(lambda: self.partition.positioned(position))

    def controls(self, paused: frozenset[str]) -> None:
        """The agents that are paused; `*` is all of them."""
        self._tell(lambda: self.partition.controls(paused))

    def poke(self) -> None:
        """Ask for room again: other partitions' people were decided, or the model came back."""
        self._ask_for_room = True
        self._look()

    def _look(self) -> None:
        self._quiet.clear()
        self._happened.set()

    def _tell(self, say: Callable[[], None]) -> None:
        if self._draining or self.ended:
            return
        try:
            say()
        except Exception as error:  # noqa: BLE001 - kept, and raised by `run`: there is one way to fail
            self._error = error
        self._look()

    # What the owner asks.

    @property
    def _failure(self) -> Exception | None:
        return self._error or self._committing.doubt

    @property
    def full(self) -> bool:
        """Whether receiving should stop until more is decided."""
        return self.partition.fullness >= 1

    @property
    def outstanding(self) -> int:
        """Requests to the model that were begun and have not ended, asleep or not."""
        return len(self._asking)

    @property
    def ended(self) -> bool:
        """Whether something went wrong or it was stopped: `run` has raised or returned, or is about to."""
        return self._failure is not None or self._stopped

    @property
    def at_rest(self) -> bool:
        """Nothing to commit, none in flight, and nothing left to look at; requests may be outstanding."""
        if self.ended:
            return True
        return not self._happened.is_set() and not self._committing.in_flight and not self.partition.has_work

    @property
    def idle(self) -> bool:
        """At rest, and no request outstanding but those that wait for the clock or for each other's slots."""
        return self.at_rest and (not len(self._asking) or self._model.on_wire == 0)

    @property
    def seconds_without_commit_while_work(self) -> float:
        """For the watchdog: how long there has been work without a commit becoming durable."""
        since = self._committing.work_since
        return 0.0 if since is None else time.monotonic() - since

    async def rested(self) -> None:
        """Wait until the loop is at rest or has ended."""
        while not self.at_rest:
            self._quiet.clear()
            await self._quiet.wait()

    async def settled(self) -> None:
        """Wait until the loop is idle or has ended."""
        await all_settled([self])

    # Its life.

    async def run(self) -> None:
        """Until `drain` or `stop`; raises what went wrong: CommitDoubt when a commit failed or was late."""
        alarm: Alarm | None = None
        try:
            while not self._stopped:
                self._happened.clear()
                self._step()
                alarm = None if self._draining else self._set_alarm()
                if self.at_rest:
                    self._quiet.set()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._clock.beat_s):
                        await self._happened.wait()
                if alarm is not None:
                    alarm.cancel()
        finally:
            self._stopped = True
            if alarm is not None:
                alarm.cancel()
            await self._asking.let_go()
            await self._committing.let_go()
            self._spans.close()
            self._quiet.set()

    async def drain(self, within_s: float) -> bool:
        """Start nothing new, commit what is decided (one more after what is in flight), and end `run`.

        Whether all that was decided is durable; what waits for a model is taken again by the next owner.
        """
        if self._draining or self._stopped:
            return self._failure is None
        self._draining = True
        try:
            async with asyncio.timeout(within_s):
                await self._asking.let_go()
                await self._committing.ended()
                if not self.ended and self.partition.has_work:
                    self._committing.begin()
                    await self._committing.ended()
        except TimeoutError:
            log.warning("let go before the last commit had ended: the next owner decides it again")
            return False
        else:
            return self._failure is None
        finally:
            self.stop()

    def stop(self) -> None:
        """End `run` at once; what is not committed is decided again by the next owner."""
        self._stopped = True
        self._look()

    # One step: look at everything, wait for nothing.

    def _step(self) -> None:
        if (failure := self._failure) is not None:
            raise failure
        if self._draining:
            return
        self._tick()
        self._asking.drop(self.partition.dropped_asks())
        while asks := self.partition.take_asks():
            self._asking.begin(asks)
        self._committing.begin_when_due()
        self._on_tally(self.partition.take_tally())
        woken, self._woken = self._woken, self.partition.woken
        if self._woken < woken:
            self.poke()
            self._on_less()

    def _tick(self) -> None:
        now, at = self._clock.now(), asyncio.get_running_loop().time()
        wake, beat = self.partition.next_wake(), self._clock.beat_s
        due = wake is not None and wake <= now
        if due or self._ask_for_room or (beat is not None and at - self._ticked_at >= beat):
            self._ticked_at, self._ask_for_room = at, False
            self.partition.tick(now, max(0, self._room(now)))

    def _set_alarm(self) -> Alarm | None:
        """For what is due later; what `tick` left undone waits for room: a poke, or a new minute's budget."""
        wake, now = self.partition.next_wake(), self._clock.now()
        if wake is None:
            return None
        if wake <= now:
            if self._room(now) > 0:
                return None
            wake = now + ROOM_AGAIN
        return self._clock.alarm(wake, self._look)

    def _answered(self, ask_id: int, reply: Reply) -> None:
        self._tell(lambda: self.partition.answer(ask_id, reply, self._clock.now()))


async def all_settled(loops: Sequence[PartitionLoop]) -> None:
    """Wait until every loop is idle, and stays so while what is on its way inside the process arrives."""
    still = 0
    while still < STILL_TURNS:
        for one in loops:
            await one.rested()
        if not all(one.idle for one in loops):
            still = 0
            await asyncio.sleep(SETTLING_STEP_S)
        elif not any(one.outstanding for one in loops):
            return
        else:
            still += 1
            await asyncio.sleep(0)
