"""Reading for all partitions of a worker: one member of the group, whose polling goes on at all times."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from app.drivers.kafka_client import (
    UNREADABLE,
    IllegalStateError,
    Kafka,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    Place,
    closed,
)
from app.drivers.kafka_owned import Owned
from app.drivers.kafka_reader import records
from topics.user_events import USER_EVENTS

POLL_MS = 100
RECORDS_AT_ONCE = 2_000
"""Enough that batching pays, few enough to stay responsive: some 25 ms of work."""
RECORDS_BEHIND = 20_000
"""While there is more than that to fetch nobody's wait is short anyway: of so many events several are one person's,
whose pass folds them together, and an event costs a third less. Some 0.2 to 0.4 s of work."""
ROOMY = 0.2
"""Only a partition in which little waits takes so many: what waits in it may pass its bound by one such batch."""
RESUME_BELOW = 0.5
"""Not at the bound itself: each pause throws away what was fetched ahead."""


class Group:
    """Which partitions are ours, and how far each is read.

    A rebalance takes all partitions from every member and shares them out again. Only notes are taken here:
    what stays ours goes on, what is lost is let go, what is new lives in a task of its own.
    """

    def __init__(self, kafka: Kafka, member: Any, new: Callable[[int], Owned]) -> None:
        """`new` begins the life of a partition."""
        self.owned: dict[int, Owned] = {}
        self.reading: set[int] = set()
        """Partitions whose records are handed out: assigned, at work, and sought to their position."""
        self.joined = False
        """Whether the group has said what is ours."""
        self._kafka = kafka
        self._member = member
        self._new = new
        self._slowed: set[int] = set()
        """Of those that are read, the ones that wait because too much is undecided."""
        self._leaving: dict[int, asyncio.Task[bool]] = {}
        kafka.subscribe(member, USER_EVENTS.name, assigned=self._assigned, revoked=self._revoked)

    async def run(self) -> None:
        """Join and read for ever; raises what the group's coordinator will not have."""
        await self._member.start()
        at_once = RECORDS_AT_ONCE
        while True:
            try:
                batches = await self._member.getmany(timeout_ms=POLL_MS, max_records=at_once)
            except NoOffsetForPartitionError:
                continue  # a new group has none: a partition's position comes from its own row
            except OffsetOutOfRangeError as error:
                for place in error.args[0]:
                    self.pause(place.partition)
                    if (owned := self.owned.get(place.partition)) is not None:
                        owned.doubt("what was to be read next is gone from the log")
                continue
            except UNREADABLE:
                await self._read_one_by_one()
                continue
            for place, raw in batches.items():
                self._hand_out(place, raw)
            at_once = RECORDS_BEHIND if self._is_behind(batches) else RECORDS_AT_ONCE
            await self.note_positions()
            self._slow_down()

    async def leave(self, within_s: float) -> list[int]:
        """Let all partitions go, each with this time to commit what is decided, and leave the group.

        Returns those for which the time was not enough.
        """
        self.joined = False
        self.reading.clear()
        numbers = list(self.owned)
        try:
            drained = await asyncio.gather(*(self.owned[number].let_go(within_s) for number in numbers))
            await asyncio.gather(*self._leaving.values())
        finally:
            await closed(self._member)
        return [number for number, fine in zip(numbers, drained, strict=True) if not fine]

    async def note_positions(self) -> None:
        """Positions stand behind the markers of transactions, which are never handed out."""
        for number in tuple(self.reading):
            with suppress(IllegalStateError):
                # Never waits: a partition that is read was sought, and so has a position.
                position = await self._member.position(self._place(number))
                if number in self.reading:
                    self.owned[number].positioned(position)

    def begin(self, number: int) -> None:
        """Read on where the partition stands, if it is ours and at work."""
        owned = self.owned.get(number)
        if owned is not None and owned.loop is not None and owned.is_ours:
            self._member.seek(self._place(number), owned.position)
            self._member.resume(self._place(number))
            self.reading.add(number)

    def pause(self, number: int) -> None:
        """Read it no more until it begins again."""
        self.reading.discard(number)
        self._slowed.discard(number)
        with suppress(IllegalStateError):
            self._member.pause(self._place(number))

    async def _read_one_by_one(self) -> None:
        """One partition's batch cannot be decoded: give that one up for a while, and go on with the others."""
        for number in tuple(self.reading):
            try:
                found = await self._member.getmany(
                    self._place(number), timeout_ms=0, max_records=RECORDS_AT_ONCE
                )
            except UNREADABLE as error:
                self.pause(number)
                self.owned[number].doubt(
                    f"the batch at offset {self.owned[number].position} or behind it cannot be decoded: {error}; "
                    "compare the replicas of this partition, or delete its records up to there (kafka-delete-records)"
                )
            else:
                for place, raw in found.items():
                    self._hand_out(place, raw)

    def _hand_out(self, place: Place, raw: Sequence[Any]) -> None:
        # What was fetched before a rebalance is read again from the partition's position.
        if place.partition in self.reading:
            self.owned[place.partition].receive(records(self._kafka, place, raw))

    def _is_behind(self, batches: Mapping[Place, Sequence[Any]]) -> bool:
        """Whether there is more to fetch; not while many wait for a model: how many may is bounded."""
        if sum(map(len, batches.values())) < RECORDS_AT_ONCE:
            return False
        loops = (self.owned[number].loop for number in self.reading)
        return all(loop is None or loop.partition.fullness < ROOMY for loop in loops)

    def _slow_down(self) -> None:
        for number in self.reading:
            loop = self.owned[number].loop
            if loop is None:
                continue
            if number not in self._slowed and loop.full:
                self._slowed.add(number)
                self._member.pause(self._place(number))
            elif number in self._slowed and loop.partition.fullness < RESUME_BELOW:
                self._slowed.discard(number)
                self._member.resume(self._place(number))

    async def _revoked(self, _: set[int]) -> None:
        self.joined = False
        self.reading.clear()
        self._slowed.clear()
        await asyncio.gather(*(owned.hold() for owned in self.owned.values()))

    async def _assigned(self, numbers: set[int]) -> None:
        for number in numbers:
            # A position at once, whatever it is: without one aiokafka asks the group for it.
            self._member.pause(self._place(number))
            self._member.seek(self._place(number), 0)
        for number in set(self.owned) - numbers:
            lost = self.owned.pop(number)
            self._leaving[number] = asyncio.create_task(lost.let_go(0))
        for number, owned in self.owned.items():
            owned.keep()
            self.begin(number)
        # One that was lost and comes back before it is let go has its folder open still.
        await asyncio.gather(*(task for number, task in self._leaving.items() if number in numbers))
        for number in numbers - set(self.owned):
            self.owned[number] = self._new(number)
        self.joined = True

    def _place(self, number: int) -> Place:
        return self._kafka.place(USER_EVENTS.name, number)
