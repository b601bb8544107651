"""The worker on Kafka: what it is made of, how it begins and ends, and what it says of itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.drivers import kafka_topics
from app.drivers.kafka_client import Kafka, Place
from app.drivers.kafka_controls import FollowedControls
from app.drivers.kafka_group import Group
from app.drivers.kafka_owned import Owned, State
from app.drivers.kafka_permissions import demand
from app.drivers.kafka_takeover import Build, TakenOver, Takeovers
from app.drivers.kafka_watch import Watch, output_ends
from app.drivers.partition_loop import MIN_COMMIT_INTERVAL_S, PartitionLoop, all_settled
from app.drivers.served import SILENT_AFTER_S, UNREADY_AFTER_S, NotDrained
from app.drivers.sharing import share_of
from topics.rights import WORKER
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

if TYPE_CHECKING:
    from app.core.tally import Tally
    from app.drivers.clock import Clock
    from app.drivers.machine import Model, Spans
    from app.drivers.served import OutputEnds

log = logging.getLogger("tactful.worker")

RESTORED_AT_ONCE = 2
"""A take-over keeps a core busy: more at once would only make the first one late."""
SESSION_TIMEOUT_MS = 10_000
CONTROLS_WITHIN_S = 30.0
SETTLING_STEP_S = 0.002


def _nothing(*_: object) -> None:
    pass


def local_rows(state_dir: Path, state: Place) -> Path:
    """The folder of a partition's local copy."""
    return state_dir / f"{state.topic}-{state.partition}"


class KafkaWorker:
    """Runs until it is drained, killed, or something is wrong that a new process may mend."""

    def __init__(
        self,
        kafka: Kafka,
        *,
        group: str,
        state_dir: Path,
        build: Build,
        model: Model,
        clock: Clock,
        room: Callable[[int, datetime], int],
        instance: str | None = None,
        session_timeout_ms: int = SESSION_TIMEOUT_MS,
        on_tally: Callable[[Tally, str], None] = _nothing,
        on_gone: Callable[[str], None] = _nothing,
        on_commit: Callable[[str, float], None] = _nothing,
        spans: Callable[[int], Spans] | None = None,
        min_commit_interval_s: float = MIN_COMMIT_INTERVAL_S,
    ) -> None:
        """`on_tally` is told whose gauges they are (a partition's number), `on_gone` who has none any more.

        `room` answers how many more people may be woken when so many already are, over all partitions.

        `instance` is a static member id, such as a pod's name: a restart within the session moves nothing.
        """
        self._kafka = kafka
        self._group_id = group
        self._state_dir = state_dir
        self._build = build
        self._model = model
        self._clock = clock
        self._room = room
        self._instance = instance
        self._session_timeout_ms = session_timeout_ms
        self._on_tally = on_tally
        self._on_gone = on_gone
        self._on_commit = on_commit
        self._spans = spans
        self._interval_s = min_commit_interval_s
        self._controls = FollowedControls(kafka, self._controls_changed)
        self._turn = asyncio.Semaphore(RESTORED_AT_ONCE)
        self._group: Group | None = None
        self._watch: Watch | None = None
        self._ends: Takeovers | None = None
        self._partitions = 0
        self._stop = asyncio.Event()
        self._drain_within_s = 0.0
        self._undrained: list[int] = []

    # Its life

    async def run(self) -> None:
        """Work until `drain` or `kill`; raises NotDrained, Refused, Stuck, or what a broker will not have."""
        try:
            self._partitions = await self.spread()
            await self._work()
        finally:
            self._stop.set()
        if self._undrained:
            raise NotDrained(f"partitions {', '.join(map(str, self._undrained))}")

    async def spread(self) -> int:
        """Over how many partitions people are spread; Refused when topics or rights are not as they should be."""
        await demand(self._kafka, WORKER.on(prefix=self._kafka.connection.prefix, group=self._group_id))
        return await kafka_topics.partitions(self._kafka)

    def drain(self, within_s: float) -> None:
        """Commit what is decided, leave the group, and end `run`: what waits for a model is the next owner's."""
        self._drain_within_s = within_s
        self._stop.set()

    def kill(self) -> None:
        """End `run` at once, as a crash would: what is not committed never happened."""
        self._stop.set()

    async def _work(self) -> None:
        async with self._takeovers() as takeovers, self._started_controls() as following:
            member = self._kafka.member(
                self._group_id, instance=self._instance, session_timeout_ms=self._session_timeout_ms
            )
            group = Group(self._kafka, member, lambda number: self._owned(group, takeovers, number))
            self._group = group
            self._watch = watch = Watch(takeovers, group.owned, self._on_tally)
            tasks = [
                asyncio.create_task(work, name=name)
                for name, work in (("poll", group.run()), ("watch", watch.run()), ("stop", self._stop.wait()))
            ]
            try:
                done, _ = await asyncio.wait([*tasks, following], return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self._undrained = await group.leave(self._drain_within_s)
                self._group = None

    @asynccontextmanager
    async def _takeovers(self) -> AsyncIterator[Takeovers]:
        takeovers = Takeovers(
            self._kafka, partitions=self._partitions, group=self._group_id, build=self._build
        )
        try:
            await takeovers.start()
            self._ends = takeovers
            yield takeovers
        finally:
            self._ends = None
            await takeovers.stop()

    @asynccontextmanager
    async def _started_controls(self) -> AsyncIterator[asyncio.Task[None]]:
        """The switches are known before any partition begins: what is paused must not speak."""
        following = asyncio.create_task(self._controls.run(), name="controls")
        try:
            async with asyncio.timeout(CONTROLS_WITHIN_S):
                await self._controls.caught_up.wait()
            yield following
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    # What its owner asks

    @property
    def status(self) -> Mapping[int, tuple[State, str]]:
        """Of each partition that is ours: how it is, and why it does not work."""
        return {number: (one.state, one.reason) for number, one in sorted(self._all_owned.items())}

    @property
    def ready(self) -> bool:
        """Whether the group has given us our share and all of it is at work."""
        return self._group is not None and self._group.joined and len(self.loops) == len(self._all_owned)

    def troubles(self) -> list[str]:
        """What keeps partitions that are at work from doing any; for /readyz, while there is hope that it ends."""
        found = []
        for number, one in sorted(self._all_owned.items()):
            seconds = 0.0 if one.loop is None else one.loop.seconds_without_commit_while_work
            if seconds > UNREADY_AFTER_S:
                found.append(
                    f"partition {number} has had work for {seconds:.0f} s and committed nothing: look at the brokers"
                )
        if self._watch is not None and (silent := self._watch.silent_s) > SILENT_AFTER_S:
            found.append(f"the brokers have not answered for {silent:.0f} s")
        return found

    @property
    def paused(self) -> frozenset[str]:
        """The agents that are paused, as `nudge-controls` says."""
        return self._controls.paused

    def position(self, number: int) -> int:
        """Everything below was received in this partition; -1 while it is not at work here."""
        one = self._all_owned.get(number)
        return -1 if one is None or one.loop is None else one.position

    async def output_ends(self, numbers: Sequence[int]) -> dict[int, OutputEnds]:
        """Where what is written in these partitions ends; nothing while it is not at work."""
        return {} if self._ends is None else await output_ends(self._ends, numbers)

    @property
    def loops(self) -> Sequence[PartitionLoop]:
        """The partitions that are at work."""
        return [one.loop for one in self._all_owned.values() if one.loop is not None and not one.loop.ended]

    def next_wake(self) -> datetime | None:
        """When a partition has something to do next though nothing happens."""
        wakes = (loop.partition.next_wake() for loop in self.loops)
        return min((wake for wake in wakes if wake is not None), default=None)

    async def settled(self) -> None:
        """Wait until all that is in the log is decided, but for what waits for the clock, or it has ended.

        For the only member of a group: all partitions must be ours.
        """
        while not self._stop.is_set():
            loops = self.loops
            if self.ready and len(loops) == self._partitions:
                await all_settled(loops)
                if await self._at_the_ends() and loops == self.loops and all(loop.idle for loop in loops):
                    return
            await asyncio.sleep(SETTLING_STEP_S)

    async def _at_the_ends(self) -> bool:
        group, ends = self._group, self._ends
        if group is None or ends is None:
            return False
        stable, latest = await ends.ends(USER_EVENTS.name, range(self._partitions))
        controls = await ends.controls_end()
        await group.note_positions()
        return self._controls.position >= controls and all(
            one.position >= stable[number] == latest[number] or (one.loop is not None and one.loop.full)
            for number, one in group.owned.items()
        )

    # What each partition is given

    @property
    def _all_owned(self) -> Mapping[int, Owned]:
        return self._group.owned if self._group is not None else {}

    def _owned(self, group: Group, takeovers: Takeovers, number: int) -> Owned:
        state = self._kafka.place(NUDGE_STATE.name, number)
        return Owned(
            number,
            takeovers=takeovers,
            turn=self._turn,
            folder=local_rows(self._state_dir, state),
            loop_for=self._loop_for,
            running=group.begin,
            stopped=group.pause,
            gone=lambda number: self._on_gone(str(number)),
            on_tally=self._on_tally,
        )

    def _loop_for(self, taken: TakenOver) -> PartitionLoop:
        loop = PartitionLoop(
            taken.machine,
            log=taken.log,
            model=self._model,
            clock=self._clock,
            room=lambda now: self._share(taken, now),
            on_tally=lambda tally: self._on_tally(tally, str(taken.number)),
            on_commit=self._on_commit,
            on_less=self._poke,
            spans=self._spans and self._spans(taken.number),
            min_commit_interval_s=self._interval_s,
        )
        loop.controls(self._controls.paused)
        return loop

    def _share(self, of: TakenOver, now: datetime) -> int:
        owned = self._all_owned.items()
        machines = {number: one.loop.partition for number, one in owned if one.loop and not one.loop.ended}
        return share_of(of.number, machines | {of.number: of.machine}, now, self._room)

    def _poke(self) -> None:
        for loop in self.loops:
            loop.poke()

    def _controls_changed(self, paused: frozenset[str]) -> None:
        for loop in self.loops:
            loop.controls(paused)
