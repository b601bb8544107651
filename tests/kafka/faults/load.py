"""Upstream services under a known seed: they write until they are stopped, whatever happens to the brokers.

On a thread with an event loop of its own, so that nothing that a scene waits for makes it pause.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from typing import Any

from app.drivers.kafka_append import Appender
from app.drivers.kafka_client import Connection, Kafka, KafkaError, discard
from app.drivers.kafka_reader import Reader
from tests.kafka.faults.lives import Happening, life
from topics.record import NewRecord, Record

TICK_S = 0.05
AGAIN_S = 0.3
APPEND_WITHIN_S = 8.0
"""Then the services make themselves a new producer: an idempotent one may stay stuck after an outage."""
DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An event that the broker said it has, and where."""

    happening: Happening
    partition: int
    offset: int


@dataclass(slots=True)
class Load:
    """Lives begin at `rate` a second; `acknowledged` is what the ledger has to account for."""

    bootstrap: str
    prefix: str
    partitions: int
    seed: int
    rate: float = 10.0
    acknowledged: list[Acknowledged] = field(default_factory=list)
    appends_again: int = 0
    """How often a batch was written once more because nobody said that it was taken."""
    types: Counter[str] = field(default_factory=Counter)
    failure: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _chance: random.Random = field(default_factory=random.Random)
    _extra: SimpleQueue[Happening] = field(default_factory=SimpleQueue)
    _pending: list[tuple[datetime, int, Happening]] = field(default_factory=list)
    _number: int = 0
    _people: int = 0

    def start(self) -> None:
        """Begin; the same seed lives the same lives."""
        self._chance = random.Random(self.seed)
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether events are being written, or tried again, at this moment."""
        return (
            self._thread is not None
            and self._thread.is_alive()
            and not self._stop.is_set()
            and bool(self.acknowledged)
        )

    async def stop(self, within_s: float = 60.0) -> None:
        """No new lives; what was begun to be written is written to its end."""
        self._stop.set()
        assert self._thread is not None
        await asyncio.to_thread(self._thread.join, within_s)
        if self._thread.is_alive():
            raise TimeoutError(f"the load could not write its last events within {within_s:g} s")
        if self.failure is not None:
            raise self.failure

    async def going(self, events: int, within_s: float = 60.0) -> None:
        """Wait until so many events were acknowledged from now on."""
        wanted = len(self.acknowledged) + events
        async with asyncio.timeout(within_s):
            while len(self.acknowledged) < wanted:
                if self.failure is not None:
                    raise self.failure
                await asyncio.sleep(0.05)

    def also(self, happening: Happening) -> None:
        """Have this event written among the others, as soon as may be."""
        self._extra.put(happening)

    # On the thread.

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 - raised again by `stop`, on the scene's thread
            self.failure = error

    async def _live(self) -> None:
        kafka = Kafka(Connection(bootstrap=self.bootstrap, prefix=self.prefix, client_id="upstream"))
        delivering = asyncio.create_task(self._deliver(kafka))
        try:
            await self._write(kafka)
        finally:
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)

    async def _write(self, kafka: Kafka) -> None:
        appender: Appender | None = None
        began = time.monotonic()
        try:
            while not self._stop.is_set():
                self._begin_lives(time.monotonic() - began)
                due = self._due(datetime.now(UTC))
                while due:
                    try:
                        if appender is None:
                            appender = Appender(kafka)
                            await appender.start()
                        await self._append(appender, due)
                        break
                    # AssertionError: aiokafka's, from a producer that stays stuck after an outage.
                    except (KafkaError, OSError, TimeoutError, AssertionError):
                        self.appends_again += 1
                        if appender is not None:
                            await discard(appender._producer)
                        appender = None
                        await asyncio.sleep(AGAIN_S)
                await asyncio.sleep(TICK_S)
        finally:
            if appender is not None:
                await discard(appender._producer)

    async def _append(self, appender: Appender, due: Sequence[Happening]) -> None:
        async with asyncio.timeout(APPEND_WITHIN_S):
            places = await appender.append([_record(each) for each in due])
        for happening, (partition, offset) in zip(due, places, strict=True):
            self.acknowledged.append(Acknowledged(happening, partition, offset))
            self.types[happening.type] += 1

    def _begin_lives(self, seconds: float) -> None:
        # After an outage what was missed is not made up for: services have people, not a backlog of them.
        wanted = int(seconds * self.rate)
        for _ in range(min(wanted - self._people, max(1, int(self.rate * 2 * TICK_S)))):
            now = datetime.now(UTC)
            for happening in life(self._number, now, self._chance):
                self._plan(happening)
            self._number += 1
        self._people = wanted

    def _plan(self, happening: Happening) -> None:
        heapq.heappush(self._pending, (happening.at, id(happening), happening))

    def _due(self, now: datetime) -> list[Happening]:
        due = [self._extra.get() for _ in range(self._extra.qsize())]
        while self._pending and self._pending[0][0] <= now:
            due.append(heapq.heappop(self._pending)[2])
        return due

    # The delivery service, which reads nudges and tells what became of them.

    async def _deliver(self, kafka: Kafka) -> None:
        told: set[str] = set()
        while True:
            one = Reader(kafka)
            try:
                await one.start()
                one.assign({kafka.place("nudges", number): 0 for number in range(self.partitions)})
                while True:
                    for record in await one.read():
                        self._receipts(record, told)
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(AGAIN_S)
            finally:
                await one.stop()

    def _receipts(self, record: Record, told: set[str]) -> None:
        nudge = json.loads(record.value or b"")
        nudge_id, user = nudge["nudge_id"], nudge["user_id"]
        if nudge["kind"] != "nudge" or nudge_id in told:
            return
        told.add(nudge_id)
        now = datetime.now(UTC)
        # Seeded by the nudge, whose id is derived: the order in which nudges come is nobody's to know.
        chance = random.Random(nudge_id)
        kinds = [(0.1, "nudge.delivered")]
        if chance.random() < 0.3:
            kinds.append((1.0, "nudge.opened"))
        if chance.random() < 0.05:
            kinds = [(0.1, "nudge.failed")]
        for after_s, kind in kinds:
            self._plan(
                Happening(
                    at=now + timedelta(seconds=after_s),
                    user=user,
                    id=f"{nudge_id}-{kind}",
                    type=kind,
                    data={"nudge_id": nudge_id},
                    source=DELIVERY,
                )
            )


def _record(happening: Happening) -> NewRecord:
    now = datetime.now(UTC)
    body: dict[str, Any] = {
        "id": happening.id,
        "source": happening.source,
        "type": happening.type,
        "time": happening.at.isoformat(),
        "user_id": happening.user,
        "data": happening.data,
    }
    return NewRecord(
        "user-events",
        happening.user.encode(),
        json.dumps(body).encode(),
        int(now.timestamp() * 1000),
        partition=happening.partition,
    )
