"""A batch that no client can decode stops its own partition; the group's other partitions are read on."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from app.drivers.kafka_client import UNREADABLE, Connection, Kafka, Place
from app.drivers.kafka_group import Group

DAMAGED, FINE = 0, 1


class Member:
    """A consumer of two partitions, of which one holds a damaged batch: it raises whenever that one is asked for."""

    def __init__(self) -> None:
        self.paused: set[int] = set()
        self.left = [7]

    def subscribe(self, *_: object, **__: object) -> None:
        pass

    async def start(self) -> None:
        pass

    def pause(self, place: Place) -> None:
        self.paused.add(place.partition)

    async def position(self, _: Place) -> int:
        return 8

    async def getmany(self, *places: Place, timeout_ms: int, max_records: int) -> dict[Place, list[Any]]:
        await asyncio.sleep(timeout_ms / 10_000)
        asked = {place.partition for place in places} or {DAMAGED, FINE}
        if DAMAGED in asked - self.paused:
            raise UNREADABLE[0]("Invalid CRC")
        offsets, self.left = self.left[:max_records], []
        place = Place("user-events", FINE)
        raw = [
            SimpleNamespace(
                topic=place.topic, partition=FINE, offset=n, key=b"bo", value=b"{}", timestamp=0, headers=()
            )
            for n in offsets
        ]
        return {place: raw} if raw else {}


class Mine:
    """A partition at work, as the group knows it."""

    loop = None
    position = 3

    def __init__(self) -> None:
        self.received: list[int] = []
        self.doubts: list[str] = []

    def receive(self, records: list[Any]) -> None:
        self.received += [one.offset for one in records]

    def positioned(self, position: int) -> None:
        self.position = position

    def doubt(self, why: str) -> None:
        self.doubts.append(why)


async def test_a_damaged_batch_is_its_own_partitions_affair() -> None:
    """Its partition is doubted once, with what to do; the other one's records are handed out."""
    member, mine = Member(), {DAMAGED: Mine(), FINE: Mine()}
    group = Group(Kafka(Connection(bootstrap="127.0.0.1:1")), member, lambda _: mine[DAMAGED])  # type: ignore[arg-type, return-value]  # stand-ins: nothing here reaches a broker
    group.owned.update(mine)  # type: ignore[arg-type]  # stand-ins: nothing here reaches a broker
    group.reading.update(mine)
    reading = asyncio.create_task(group.run())
    async with asyncio.timeout(5):
        while not mine[FINE].received:  # noqa: ASYNC110 - it gives no event
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert (mine[FINE].received, mine[FINE].doubts, mine[DAMAGED].received) == ([7], [], [])
    (why,) = mine[DAMAGED].doubts
    assert "the batch at offset 3 or behind it cannot be decoded" in why
    assert "compare the replicas" in why
