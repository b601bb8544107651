"""Taking over one partition: fence the old owner, follow the changelog to its end, and only then look at events."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from app.core.head import HEAD_KEY, SCHEMA, Head
from app.drivers.clock import Clock, SteadyClock
from app.drivers.kafka_client import Kafka, Place, discard
from app.drivers.kafka_commit import TransactionLog
from app.drivers.kafka_identity import identity
from app.drivers.kafka_reader import Reader, read_to, reader
from app.drivers.kafka_trusted import trusted
from app.drivers.local_rows import LocalRows
from app.drivers.machine import Machine
from topics import TOPICS
from topics.controls import NUDGE_CONTROLS
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

log = logging.getLogger("tactful.takeover")

FENCE_WITHIN_S = 30.0
"""Usually some 20 ms; more when the transaction's coordinator has just moved."""
STABLE_WITHIN_S = 5.0
"""The old owner's transaction ended with the fence; its markers take milliseconds more."""
STABLE_STEP_S = 0.02
STALLED_AFTER_S = 30.0
"""A restore that brings nothing for so long gives its turn to another partition's."""


class NotYet(Exception):
    """Something outside must end before the partition can be taken over; it is tried again."""


class Refused(Exception):
    """The partition must not be worked on as things stand; the text says what to do."""


Build = Callable[[int, Head, Callable[[str], bytes | None]], Machine]
"""Makes a partition's machine from its number, its head, and a way to look up what is durable of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """A partition that is ours: its machine, its log, and where reading starts."""

    number: int
    machine: Machine
    log: TransactionLog
    start: int
    lost: int
    """Events that retention took before they were decided."""
    restored: int
    """Records of the changelog that the local copy lacked."""
    seconds: float


class Takeovers:
    """What all take-overs of one worker have in common."""

    def __init__(
        self,
        kafka: Kafka,
        *,
        partitions: int,
        group: str,
        build: Build,
        stable_within_s: float = STABLE_WITHIN_S,
        machine: Clock | None = None,
    ) -> None:
        """`partitions` is the number that the topics had when the worker started; `machine` dates the rows.

        That is the machine's clock also in a story, since compaction and its delays are the broker's; guarded,
        since brokers refuse what is an hour ahead.
        """
        self._kafka = kafka
        self._partitions = partitions
        self._group = group
        self._build = build
        self._stable_within_s = stable_within_s
        self._machine = machine or SteadyClock()
        self._committed = Reader(kafka)
        self._uncommitted = Reader(kafka, committed=False)

    async def start(self) -> None:
        await self._committed.start()
        await self._uncommitted.start()

    async def stop(self) -> None:
        await self._committed.stop()
        await self._uncommitted.stop()

    async def ends(self, topic: str, numbers: Iterable[int]) -> tuple[dict[int, int], dict[int, int]]:
        """The last stable offset and the end of a topic's partitions."""
        places = [self._kafka.place(topic, number) for number in numbers]
        stable, latest = await self._committed.ends(places), await self._uncommitted.ends(places)
        return {at.partition: end for at, end in stable.items()}, {
            at.partition: end for at, end in latest.items()
        }

    async def controls_end(self) -> int:
        """The end of the switches' topic."""
        place = self._kafka.place(NUDGE_CONTROLS.name, 0)
        return (await self._committed.ends([place]))[place]

    async def take_over(self, number: int, rows: LocalRows) -> TakenOver:
        """In DESIGN's order; raises NotYet, Refused or KafkaError, and then nothing is left behind."""
        if number >= self._partitions:
            raise Refused(_other_number(self._partitions, found=number + 1))
        began = time.monotonic()
        producer = await self._fenced(number)
        try:
            end = await self._stable_end(number)
            restored = await self._restore(number, rows, end)
            head, lost = await self._head(number, rows)
            machine = self._build(number, head, rows.get)
            await _find_timers(machine, rows)
            transactions = TransactionLog(
                self._kafka,
                number,
                partitions=self._partitions,
                group=self._group,
                producer=producer,
                rows=rows,
                machine=self._machine,
            )
        except BaseException:
            await discard(producer)
            raise
        return TakenOver(
            number=number,
            machine=machine,
            log=transactions,
            start=head.next,
            lost=lost,
            restored=restored,
            seconds=time.monotonic() - began,
        )

    async def _fenced(self, number: int) -> Any:
        """From here on the old owner's transaction is over, and it cannot begin another."""
        producer = self._kafka.producer(f"{NUDGE_STATE.name}-{number}")
        try:
            async with asyncio.timeout(FENCE_WITHIN_S):
                await producer.start()
                for topic in TOPICS:  # known now, they cost the first commit no round trip
                    await producer.partitions_for(self._kafka.place(topic.name, 0).topic)
        except TimeoutError:
            await discard(producer)
            message = (
                f"partition {number}: its transactional producer was not let in within {FENCE_WITHIN_S:g} s; "
                "look at the brokers' transaction coordinator (__transaction_state)"
            )
            raise NotYet(message) from None
        except BaseException:
            await discard(producer)
            raise
        return producer

    async def _stable_end(self, number: int) -> int:
        """The changelog's end, once no transaction is open in it: up to an open one is less than was committed."""
        place = self._kafka.place(NUDGE_STATE.name, number)
        until = time.monotonic() + self._stable_within_s
        while True:
            end = (await self._uncommitted.ends([place]))[place]
            stable = (await self._committed.ends([place]))[place]
            if stable >= end:
                return end
            if time.monotonic() > until:
                message = (
                    f"{place.topic}-{number}: a transaction that is not ours is open from offset {stable} on "
                    f"(the end is {end}); nobody but Tactful may write there: find who does, or abort it with "
                    "kafka-transactions.sh"
                )
                raise NotYet(message)
            await asyncio.sleep(STABLE_STEP_S)

    async def _restore(self, number: int, rows: LocalRows, end: int) -> int:
        """Bring the local copy to the changelog's end; returns how many records that took."""
        place = self._kafka.place(NUDGE_STATE.name, number)
        beginning = (await self._committed.beginnings([place]))[place]
        origin = await identity(self._kafka, NUDGE_STATE.name)
        start = trusted(rows, beginning=beginning, end=end, origin=origin)
        if start is None:
            rows.wipe()
            start = beginning
        rows.follows(origin)
        restored = 0
        try:
            async with reader(self._kafka) as one:
                async for batch in read_to(one, {place: (start, end)}, stall_s=STALLED_AFTER_S):
                    restored += len(batch)
                    rows.load(batch)
        except TimeoutError:
            message = (
                f"{place.topic}-{number} brought nothing for {STALLED_AFTER_S:g} s while its rows were being "
                "restored: look whether it has a leader"
            )
            raise NotYet(message) from None
        rows.apply({}, end)
        return restored

    async def _head(self, number: int, rows: LocalRows) -> tuple[Head, int]:
        """The partition's own row, held against what the input still has; and how many events are lost."""
        place = self._kafka.place(USER_EVENTS.name, number)
        end = (await self._uncommitted.ends([place]))[place]
        beginning = (await self._uncommitted.beginnings([place]))[place]
        row = rows.get(HEAD_KEY)
        if row is None:
            return Head(next=beginning, high=beginning - 1, partitions=self._partitions), 0
        head = decoded(row)
        if head.partitions != self._partitions:
            raise Refused(_other_number(head.partitions, found=self._partitions))
        if head.next > end:
            found = f"ends at offset {end}, and everything below {head.next} is done already"
            raise Refused(_another_log(place, found))
        if head.seen is not None and beginning <= head.seen[0] < end:
            await self._know_again(place, *head.seen)
        return _after_retention(head, beginning)

    async def _know_again(self, place: Place, offset: int, timestamp_ms: int) -> None:
        """The last record that was received still stands where it stood, or this is another log."""
        async with reader(self._kafka, committed=False) as one:
            batches = [batch async for batch in read_to(one, {place: (offset, offset + 1)})]
        there = next((record for batch in batches for record in batch), None)
        if there is None or (there.offset, there.timestamp_ms) != (offset, timestamp_ms):
            raise Refused(
                _another_log(
                    place, f"holds another record at offset {offset} than the one that was read there"
                )
            )


def _another_log(place: Place, found: str) -> str:
    return (
        f"{place.topic}-{place.partition} {found}: the topic was made anew or cut. Restore it, or begin anew with "
        "another TACTFUL_TOPIC_PREFIX; going on would leave out what is written next"
    )


def _other_number(fixed: int, *, found: int) -> str:
    return (
        f"{NUDGE_STATE.name} was written for {fixed} partitions, and there are {found} now: people would be in "
        f"other partitions than their rows. Give the topics {fixed} partitions again, or move to new topics "
        "with another TACTFUL_TOPIC_PREFIX"
    )


def decoded(row: bytes) -> Head:
    """The partition's own row; Refused when a newer worker wrote it."""
    head = msgspec.msgpack.decode(row, type=Head)
    if head.schema > SCHEMA:
        message = (
            f"a newer worker has written this partition (its row has schema {head.schema}, and this worker "
            f"knows {SCHEMA}): run the newer version again"
        )
        raise Refused(message)
    return head


def _after_retention(head: Head, beginning: int) -> tuple[Head, int]:
    """What is below the input's beginning cannot be read any more: done or not, it is over."""
    if beginning <= head.next:
        return head, 0
    undone = sum(1 for offset in head.unfinished if offset < beginning)
    never_read = max(0, beginning - max(head.next, head.high + 1))
    left = tuple(offset for offset in head.unfinished if offset >= beginning)
    moved = msgspec.structs.replace(head, next=beginning, high=max(head.high, beginning - 1), unfinished=left)
    return moved, undone + never_read


async def _find_timers(machine: Machine, rows: LocalRows) -> None:
    for page in rows.pages():
        machine.restore_timers(page)
        await asyncio.sleep(0)
