"""The canary: a person in each partition of ours whose event goes the whole way, so that silence is noticed."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.core.tally import Tally
from app.core.written import CANARY, SOURCE, milliseconds
from app.drivers.served import STAGES, LogAway
from topics.encode import event_record
from topics.murmur2 import partition_of

if TYPE_CHECKING:
    from datetime import datetime

    from app.drivers.clock import Clock
    from app.drivers.served import Served
    from topics.record import NewRecord

log = logging.getLogger("tactful.canary")

BEAT_S = 30.0
"""Two beats fit into the minute after which somebody may be called."""
NOBODY_YET_S = 1.0
"""How soon to look again while no partition is at work."""
LOOK_S = 0.1
DECIDED_WITHIN_S = 15.0
"""The limit of a commit: a beat that is not durable, and not readable, by then counts as missed."""
HEARTBEAT = "tactful.heartbeat"
"""A type that no agent subscribes to: the event is folded and changes nothing."""


@dataclass(slots=True)
class _Beat:
    """One event in each partition."""

    began: datetime
    """By the clock that dates events."""
    at: float
    """By the event loop's, which measures."""
    took: dict[str, float] = field(default_factory=dict)
    """Seconds to each stage, in the slowest partition that has passed it."""

    @property
    def seconds(self) -> float:
        """Since it was sent."""
        return asyncio.get_running_loop().time() - self.at


class Canary:
    """Sends an event to each partition of ours, and shows when the last one that passed a stage in all was sent."""

    def __init__(
        self, served: Served, clock: Clock, absorb: Callable[[Tally], None], *, beat_s: float = BEAT_S
    ) -> None:
        self._served = served
        self._clock = clock
        self._absorb = absorb
        self._beat_s = beat_s
        self._names: dict[tuple[int, int], str] = {}
        self._since: dict[int, datetime] = {}
        """When a partition was first seen to be ours: one that no beat passes grows old from then on."""
        self._passed: dict[str, dict[int, datetime]] = {stage: {} for stage in STAGES}

    async def run(self) -> None:
        """For ever."""
        while True:
            sent = True
            try:
                sent = await self._beat()
            except LogAway as away:
                log.warning("no heartbeat: %s", away)
            await asyncio.sleep(self._beat_s if sent else NOBODY_YET_S)

    async def _beat(self) -> bool:
        """Whether there was a partition to send one to."""
        began, here = self._clock.now(), self._served.partitions
        self._since = {number: self._since.get(number, began) for number in here}
        for stage, passed in self._passed.items():  # what is lost is somebody else's
            self._passed[stage] = {number: at for number, at in passed.items() if number in here}
        beat = _Beat(began, asyncio.get_running_loop().time())
        records = [self._event(number, began) for number, why in here.items() if not why]
        try:
            await self._sent(records, beat)
        finally:
            self._show(beat)
        return bool(records)

    async def _sent(self, records: Sequence[NewRecord], beat: _Beat) -> None:
        """Send them and follow each on its way, as far as the time allows."""
        on_the_way = dict(await self._served.append(records)) if records else {}
        self._pass("appended", on_the_way, beat)
        written: dict[int, tuple[int, ...]] = {}
        while on_the_way and beat.seconds < DECIDED_WITHIN_S:
            await asyncio.sleep(LOOK_S)
            for stage, is_past in (("received", self._served.received), ("decided", self._served.done)):
                self._pass(stage, [number for number, at in on_the_way.items() if is_past(number, at)], beat)
            decided = [number for number in on_the_way if self._passed["decided"].get(number) == beat.began]
            if not decided:
                continue
            ends = await self._served.output_ends(decided)
            # What stands there when the beat is durable has to become readable; more may follow meanwhile.
            written = {number: written.get(number, one.written) for number, one in ends.items()}
            readable = [
                number
                for number, until in written.items()
                if all(at >= end for at, end in zip(ends[number].readable, until, strict=True))
            ]
            self._pass("readable", readable, beat)
            for number in readable:
                del on_the_way[number]
                del written[number]

    def _pass(self, stage: str, numbers: Iterable[int], beat: _Beat) -> None:
        """The beat has passed the stage in these partitions; its time is the last one's."""
        news = [number for number in numbers if self._passed[stage].get(number) != beat.began]
        for number in news:
            self._passed[stage][number] = beat.began
        if news:
            beat.took[stage] = beat.seconds

    def _show(self, beat: _Beat) -> None:
        tally = Tally()
        for stage, passed in self._passed.items():
            oldest = min(
                (passed.get(number, since) for number, since in self._since.items()), default=beat.began
            )
            tally.gauge("tactful_heartbeat_timestamp_seconds", oldest.timestamp(), stage)
            if stage in beat.took and all(passed.get(number) == beat.began for number in self._since):
                tally.observe("tactful_heartbeat_seconds", beat.took[stage], stage)
        self._absorb(tally)

    def _event(self, number: int, now: datetime) -> NewRecord:
        return event_record(
            user_id=self._name(number),
            event_id=now.isoformat(),
            source=SOURCE,
            event_type=HEARTBEAT,
            data={},
            timestamp_ms=milliseconds(now),
            time=now,
        )

    def _name(self, number: int) -> str:
        """The canary of a partition: a person whose home it is."""
        spread = self._served.spread
        if (number, spread) not in self._names:
            names = (f"{CANARY}{number}-{each}" for each in itertools.count())
            self._names[(number, spread)] = next(
                name for name in names if partition_of(name.encode(), spread) == number
            )
        return self._names[(number, spread)]
