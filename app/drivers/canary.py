"""The canary: a person in each partition of ours whose event goes the whole way, so that silence is noticed."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.core.tally import Tally
from app.core.written import CANARY, SOURCE, milliseconds
from app.drivers.served import LogAway
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
"""The limit of a commit: a beat that is not durable by then counts as missed."""
HEARTBEAT = "tactful.heartbeat"
"""A type that no agent subscribes to: the event is folded and changes nothing."""


class Canary:
    """Sends an event to each partition of ours, and shows when the last one was appended, and was durable in all."""

    def __init__(
        self, served: Served, clock: Clock, absorb: Callable[[Tally], None], *, beat_s: float = BEAT_S
    ) -> None:
        self._served = served
        self._clock = clock
        self._absorb = absorb
        self._beat_s = beat_s
        self._names: dict[tuple[int, int], str] = {}
        self._decided: dict[int, datetime] = {}

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
        # One that has never been decided in grows old from now on, and one that is lost is somebody else's.
        self._decided = {number: self._decided.get(number, began) for number in here}
        records = [self._event(number, began) for number, why in here.items() if not why]
        places = await self._served.append(records) if records else []
        self._show("appended", began)
        left = DECIDED_WITHIN_S
        while places and left > 0:
            await asyncio.sleep(LOOK_S)
            left -= LOOK_S
            for number, offset in list(places):
                if self._served.done(number, offset):
                    places.remove((number, offset))
                    self._decided[number] = began
        self._show("decided", min(self._decided.values(), default=began))
        return bool(records)

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

    def _show(self, stage: str, at: datetime) -> None:
        tally = Tally()
        tally.gauge("tactful_heartbeat_timestamp_seconds", at.timestamp(), stage)
        self._absorb(tally)
