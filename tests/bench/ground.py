"""What the benchmarks stand on: a broker, topics, workers as real processes, and the figures of a process."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from app.drivers import kafka_topics
from app.drivers.kafka_append import Appender
from app.drivers.kafka_client import Connection, Kafka, KafkaError
from app.drivers.kafka_reader import read_to, reader
from tests.kafka.broker import LocalKafka, broker
from tests.worker.process import Worker, worker
from topics.murmur2 import partition_of
from topics.record import NewRecord, Record

PARTITIONS = 4
AT_ONCE = 20_000
"""Records of one append: what is waiting fits easily, and a batch for each partition is full."""
LOOK_S = 0.02
HEAP = "1g"
"""A broker of the size that one would use, compiled by both compilers: its speed is part of every figure."""
TICKS = os.sysconf("SC_CLK_TCK")
POLICY = """
quiet_hours: {start: "00:00", end: "00:00"}
active_within: 0s
min_gap: 0s
caps: {per_day: 1000, per_week: 1000}
budget: {calls_per_person_per_day: 1000000, calls_per_minute: 100000000}
reading: {when: maturity}
"""
"""No conversation is read before a plan is due, and nothing holds a nudge back: the machine is measured."""


@contextmanager
def ground() -> Iterator[Ground]:
    """A broker (TACTFUL_TEST_KAFKA, or one of our own) and a folder, both gone in the end."""
    wanted = os.environ.get("TACTFUL_TEST_KAFKA", "local")
    with tempfile.TemporaryDirectory(prefix="tactful-bench-") as folder:
        if wanted == "local":
            with LocalKafka(heap=HEAP, quick_start=False) as local:
                yield Ground(local.address, Path(folder))
        else:
            with broker(wanted) as address:
                yield Ground(address, Path(folder))


@dataclass
class Ground:
    """Where the benchmarks run."""

    address: str
    folder: Path

    @asynccontextmanager
    async def topics(self, partitions: int = PARTITIONS) -> AsyncIterator[Topics]:
        """A deployment's topics, gone in the end."""
        kafka = Kafka(Connection(bootstrap=self.address, prefix=f"b{uuid.uuid4().hex[:8]}-"))
        report = await kafka_topics.apply(
            kafka, partitions=partitions, replication=1, settings=kafka_topics.STORY
        )
        if not report.fine:
            raise RuntimeError(str(report))
        appender = Appender(kafka)
        try:
            await appender.start()
            yield Topics(self, kafka, appender, partitions)
        finally:
            await appender.stop()
            with suppress(KafkaError):
                await kafka_topics.delete(kafka)


@dataclass
class Topics:
    """One deployment on the broker, as the benchmark sees it: from outside."""

    ground: Ground
    kafka: Kafka
    appender: Appender
    partitions: int
    started: int = field(default=0)

    @property
    def prefix(self) -> str:
        """What its topics' names begin with."""
        return self.kafka.connection.prefix

    @property
    def group(self) -> str:
        """The workers' group."""
        return f"{self.prefix}workers"

    @property
    def input(self) -> str:
        """The input's name on the broker."""
        return f"{self.prefix}user-events"

    async def load(self, records: Sequence[NewRecord]) -> None:
        """Append all of them, in their order."""
        for begin in range(0, len(records), AT_ONCE):
            await self.appender.append(records[begin : begin + AT_ONCE])

    @asynccontextmanager
    async def worker(
        self, *, policy: str = POLICY, state: str = "state", ready: bool = True, **env: str
    ) -> AsyncIterator[Worker]:
        """A `tactful worker` as an operator starts it; killed in the end."""
        self.started += 1
        folder = self.ground.folder / self.prefix / str(self.started)
        folder.mkdir(parents=True)
        (folder / "bench.yaml").write_text(policy)
        given = {
            "LOG": f"kafka://{self.ground.address}",
            "TOPIC_PREFIX": self.prefix,
            "GROUP": self.group,
            "POLICY": str(folder / "bench.yaml"),
            "STATE_DIR": str(self.state(state)),
            "MODEL": "none",
        }
        async with worker(folder, **(given | env)) as one:
            if ready:
                await heard(one, "ready: partitions 0")
            yield one

    def state(self, name: str = "state") -> Path:
        """A worker's local state."""
        return self.ground.folder / self.prefix / name

    async def ends(self) -> dict[TopicPartition, int]:
        """Where the input ends."""
        async with reader(self.kafka) as one:
            return dict(await one.ends([self.kafka.place("user-events", n) for n in range(self.partitions)]))

    async def committed(self, topic: str) -> list[Record]:
        """All of a topic that a reader of committed records gets."""
        async with reader(self.kafka) as one:
            places = [self.kafka.place(topic, number) for number in range(await one.partitions(topic))]
            ends, beginnings = await one.ends(places), await one.beginnings(places)
            bounds = {place: (beginnings[place], ends[place]) for place in places}
            return [record async for batch in read_to(one, bounds) for record in batch]

    def home(self, user: str) -> int:
        """The partition of a person's key."""
        return partition_of(user.encode(), self.partitions)


async def heard(one: Worker, beginning: str, *, within_s: float = 300) -> str:
    """Wait until a worker says something that begins so; RuntimeError with its words when it ends before."""
    async with asyncio.timeout(within_s):
        while (said := one.heard(beginning)) is None:
            if one.process.returncode is not None:
                raise RuntimeError(one.said.read_text()[-2_000:])
            await asyncio.sleep(LOOK_S)
    return said


class Group:
    """What a consumer group has committed, asked for as any operator could."""

    def __init__(self, address: str, name: str, topic: str) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=address)
        self._name = name
        self._topic = topic

    async def __aenter__(self) -> Self:
        await self._admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()

    async def offsets(self) -> dict[TopicPartition, int]:
        """By partition; those that were never committed are missing."""
        try:
            found = await self._admin.list_consumer_group_offsets(self._name)
        except KafkaError:  # there is no such group yet, or its coordinator is not ready
            return {}
        return {
            place: at.offset for place, at in found.items() if place.topic == self._topic and at.offset >= 0
        }

    async def done(self) -> int:
        """How many events lie below what was committed; the input begins at 0 here."""
        return sum((await self.offsets()).values())


class Spent:
    """A mark: the clock, and what a process has used of the processor by then."""

    def __init__(self, pid: int, events: int) -> None:
        self.at = time.monotonic()
        self.cpu_s = cpu_seconds(pid)
        self.events = events


async def through(
    group: Group, pid: int, *, first: int, last: int, alive: Callable[[], bool]
) -> tuple[Spent, Spent]:
    """The marks when at least `first` and when all `last` events were committed."""
    begun: Spent | None = None
    while True:
        done = await group.done()
        if begun is None and done >= first:
            begun = Spent(pid, done)
        if done >= last and begun is not None:
            return begun, Spent(pid, done)
        if not alive():
            raise RuntimeError("it ended before it had worked through its input")
        await asyncio.sleep(LOOK_S)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads, so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> int:
    """Bytes of a process that are in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


def on_disk(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
