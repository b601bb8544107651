"""The worker on Kafka as its owner sees it: patient while the brokers are away, and able to add events itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from app.core.head import HEAD_KEY, Head
from app.core.row import Row, decode
from app.core.tally import Tally
from app.drivers.kafka_append import Appender
from app.drivers.kafka_client import Kafka, KafkaConnectionError, KafkaError, discard
from app.drivers.kafka_refusal import refusal
from app.drivers.kafka_takeover import decoded
from app.drivers.rocks import StoreError
from app.drivers.served import STUCK_AFTER_S, Elsewhere, LogAway, NotRestored, OutOfReach, OutputEnds, is_done
from topics.murmur2 import partition_of

if TYPE_CHECKING:
    from app.drivers.kafka_worker import KafkaWorker
    from topics.record import NewRecord

log = logging.getLogger("tactful.worker")

TRY_AGAIN_S = 2.0
REACHED_WITHIN_S = 10.0
"""A broker that is there and does not answer counts as away by then."""
APPENDED_WITHIN_S = 10.0
"""What a caller over HTTP waits at most; a healthy broker takes milliseconds, an election some seconds."""

Rows = Callable[[str], bytes | None]


class _Intake(Appender):
    """An appender that can be dropped at once."""

    async def abandon(self) -> None:
        """Without waiting for what it still wants to send: who offered it was told that it is in doubt."""
        await discard(self._producer)


class KafkaServed:
    """Wraps a KafkaWorker that has not begun; `kept` is told by its `build` how to look up rows."""

    def __init__(self, kafka: Kafka, worker: KafkaWorker, *, patience_s: float | None) -> None:
        """`patience_s`: how long to try to reach the brokers at the start; None: for ever."""
        self.spread = 0
        self._kafka = kafka
        self._worker = worker
        self._patience_s = patience_s
        self._rows: dict[int, Rows] = {}
        self._appender: _Intake | None = None
        self._starting = asyncio.Lock()
        self._away = "it has not reached its brokers yet"
        self._stop = asyncio.Event()

    def kept(self, number: int, head: Head, rows: Rows) -> None:
        """A partition was taken over: its rows are looked up like this."""
        self.spread = head.partitions
        self._rows[number] = rows

    # Its life

    async def run(self) -> None:
        """Reach the brokers, then work; raises OutOfReach, Refused, Stuck, or what a broker will not have."""
        try:
            await self._reach()
            if not self._stop.is_set():
                await self._worker.run()
        finally:
            await self._put_down()

    async def drain(self, within_s: float) -> None:
        self._stop.set()
        self._worker.drain(within_s)

    async def _reach(self) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        where = self._kafka.connection.bootstrap
        while not self._stop.is_set():
            try:
                async with asyncio.timeout(REACHED_WITHIN_S):
                    self.spread = await self._worker.spread()
            except (KafkaError, OSError, TimeoutError) as error:
                self._away = f"the brokers at {where} cannot be reached{await self._why(error)}"
                left = None if self._patience_s is None else began + self._patience_s - clock()
                if left is not None and left <= 0:
                    raise OutOfReach(self._away) from None
                ending = "" if left is None else f", giving up in {left:.0f} s (--wait goes on for ever)"
                log.warning("%s; trying again in %g s%s", self._away, TRY_AGAIN_S, ending)
            else:
                self._away = ""
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(TRY_AGAIN_S):
                    await self._stop.wait()

    async def _why(self, error: Exception) -> str:
        """What lies in the way, and what to do about it; the client library only says that something does."""
        if not isinstance(error, KafkaConnectionError):
            return _detail(error)
        found = await refusal(self._kafka.connection)
        return "" if found is None else f": {found.says}; {found.do}"

    # Events

    async def append(self, records: Sequence[NewRecord]) -> list[tuple[int, int]]:
        """On all in-sync replicas; after a failure the next append begins with a new producer."""
        if self._away:
            raise LogAway(self._away)
        try:
            async with asyncio.timeout(APPENDED_WITHIN_S):
                appender = await self._started()
                return await appender.append(records)
        except (KafkaError, OSError, TimeoutError, AssertionError) as error:
            # An idempotent producer may stay stuck after an outage, and says so by an assertion.
            await self._put_down()
            raise LogAway(f"the brokers did not take it{_detail(error)}") from error

    async def _started(self) -> _Intake:
        async with self._starting:
            if self._appender is None:
                appender = _Intake(self._kafka)
                try:
                    await appender.start()
                except BaseException:
                    await appender.abandon()
                    raise
                self._appender = appender
            return self._appender

    async def _put_down(self) -> None:
        appender, self._appender = self._appender, None
        if appender is not None:
            await appender.abandon()

    # What is asked of it

    def row(self, user_id: str) -> Row | None:
        number = partition_of(user_id.encode(), self.spread) if self.spread else None
        data = self._looked_up(number, user_id)
        return None if data is None else decode(data)

    def _looked_up(self, number: int | None, key: str) -> bytes | None:
        if number is None:
            raise NotRestored(self._away)
        here = self.partitions
        if number not in here and self._worker.ready:
            raise Elsewhere(number)
        if here.get(number, "the group is sharing its partitions out"):
            raise NotRestored(f"partition {number}: {here.get(number) or 'not ours yet'}")
        try:
            return self._rows[number](key)
        except StoreError as error:  # its folder was closed a moment ago
            raise NotRestored(str(error)) from error

    def done(self, partition: int, offset: int) -> bool:
        try:
            row = self._looked_up(partition, HEAD_KEY)
        except (NotRestored, Elsewhere):
            return False
        return row is not None and is_done(decoded(row), offset)

    def received(self, partition: int, offset: int) -> bool:
        return self._worker.position(partition) > offset

    async def output_ends(self, numbers: Sequence[int]) -> Mapping[int, OutputEnds]:
        try:
            async with asyncio.timeout(REACHED_WITHIN_S):
                return await self._worker.output_ends(numbers)
        except (KafkaError, OSError, TimeoutError) as error:
            raise LogAway(f"the brokers did not say where the topics end{_detail(error)}") from error

    @property
    def paused(self) -> frozenset[str]:
        return self._worker.paused

    @property
    def partitions(self) -> Mapping[int, str]:
        return {
            number: "" if state == "running" else f"{state}: {reason}"
            for number, (state, reason) in self._worker.status.items()
        }

    def unready(self) -> list[str]:
        if self._away:
            return [self._away]
        reasons = [f"partition {number}: {why}" for number, why in self.partitions.items() if why]
        if not reasons and not self._worker.ready:
            reasons.append("the group has not said yet which partitions are ours")
        return [*reasons, *self._worker.troubles()]

    def stuck(self) -> list[str]:
        """Besides, the worker itself ends by then: this is for when it cannot even do that."""
        seconds = [loop.seconds_without_commit_while_work for loop in self._worker.loops]
        return [
            f"a partition has had work for {each:.0f} s and committed nothing: look at the brokers"
            for each in seconds
            if each > STUCK_AFTER_S
        ]

    def standing(self) -> Tally:
        """Nothing: the worker's own watch keeps these up to date."""
        return Tally()


def _detail(error: Exception) -> str:
    """What an error adds; a failed connection says nothing more, why it failed is in the client's own log lines."""
    return "" if isinstance(error, KafkaConnectionError) else f": {str(error) or type(error).__name__}"
