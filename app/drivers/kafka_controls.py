"""Following `nudge-controls`, so that a pause reaches every partition of this worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from app.drivers.controls import Controls
from app.drivers.kafka_client import Kafka, KafkaError
from app.drivers.kafka_reader import Reader, reader
from topics.controls import NUDGE_CONTROLS

log = logging.getLogger("tactful.controls")

AGAIN_AFTER_S = 1.0


class FollowedControls:
    """The switches as the topic has them; `caught_up` before any partition may begin."""

    def __init__(self, kafka: Kafka, changed: Callable[[frozenset[str]], None]) -> None:
        self.paused: frozenset[str] = frozenset()
        self.position = -1
        """Everything below was told."""
        self.caught_up = asyncio.Event()
        self._kafka = kafka
        self.place = kafka.place(NUDGE_CONTROLS.name, 0)
        self._changed = changed

    async def run(self) -> None:
        """For ever; while the topic cannot be read the last known switches hold."""
        while True:
            try:
                async with reader(self._kafka) as one:
                    await self._follow(one)
            except (KafkaError, OSError) as error:
                log.warning("nudge-controls cannot be read, the last known switches hold: %s", error)
                await asyncio.sleep(AGAIN_AFTER_S)

    async def _follow(self, one: Reader) -> None:
        end = (await one.ends([self.place]))[self.place]
        one.assign({self.place: (await one.beginnings([self.place]))[self.place]})
        controls = Controls()
        while True:
            position = await one.position(self.place)
            # Not told before the end is reached: on the way there, what was paused seems to run.
            if position >= end:
                self._tell(controls.paused)
                self.position = position
                self.caught_up.set()
            controls.fold(await one.read())

    def _tell(self, paused: frozenset[str]) -> None:
        if paused != self.paused:
            self.paused = paused
            self._changed(paused)
