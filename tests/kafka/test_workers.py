"""Workers on a broker: partitions are shared out, moved, lost and found, and every event is decided once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from app.core.head import Head
from app.core.tally import Tally
from app.drivers.clock import SteadyClock
from app.drivers.kafka_client import Connection, Kafka
from app.drivers.kafka_takeover import Build, Refused
from app.drivers.kafka_worker import KafkaWorker
from app.model.gate import Model, NoModel
from tests.kafka.deployment import NOON_MS, PARTITIONS, Deployment, values
from tests.kafka.scribe import AGAIN, Scribe
from topics.controls import Control
from topics.record import NewRecord, Record

SESSION_MS = 6_000
SOON_S = 20.0


@dataclass
class Told:
    """What a worker said of itself, and the machines that it made."""

    tally: Tally = field(default_factory=Tally)
    machines: list[Scribe] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def build(self, number: int, head: Head, rows: Callable[[str], bytes | None]) -> Scribe:
        self.machines.append(Scribe(number, head, rows))
        return self.machines[-1]

    def gauge(self, metric: str, *labels: str) -> float:
        """What was last said; -1 before anything was."""
        return self.tally.gauges.get((metric, labels), -1)

    def count(self, tally: Tally, _part: str) -> None:
        self.tally.absorb(tally)


def worker(
    kafka: Kafka,
    folder: Path,
    told: Told | None = None,
    build: Build | None = None,
    *,
    instance: str | None = None,
) -> KafkaWorker:
    """A worker of the test's one group; its machines are scribes."""
    told = told or Told()
    clock = SteadyClock()
    return KafkaWorker(
        kafka,
        group="workers",
        state_dir=folder,
        build=build or told.build,
        model=Model(NoModel(), clock=clock),
        clock=clock,
        room=lambda _undecided, _now: 100,
        instance=instance,
        session_timeout_ms=SESSION_MS,
        on_tally=told.count,
        on_gone=told.gone.append,
    )


@asynccontextmanager
async def running(one: KafkaWorker) -> AsyncIterator[asyncio.Task[None]]:
    """At work until the end of the block, then drained unless it has ended by itself."""
    task = asyncio.create_task(one.run())
    try:
        yield task
    finally:
        if not task.done():
            one.drain(5)
        await task


async def until(said: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(SOON_S):
        while not said():  # noqa: ASYNC110  # it is said by workers, which know nothing of a test's events
            await asyncio.sleep(0.01)


async def decided(topics: Deployment) -> Counter[bytes | None]:
    """How often each event was decided, as far as anybody can see."""
    return Counter(values(await topics.records("nudge-outcome")))


async def test_every_event_is_decided_once(topics: Deployment, tmp_path: Path) -> None:
    """Also the one that the worker writes to a person's own log."""
    one = worker(topics.kafka, tmp_path)
    async with running(one):
        await topics.events(*((f"user-{n}", b"?") for n in range(100)), ("user-0", AGAIN))
        async with asyncio.timeout(SOON_S):
            await one.settled()
        assert one.ready
        assert set(one.status.values()) == {("running", "")}
        [(last, _)] = await topics.events(("user-0", AGAIN))
        async with asyncio.timeout(SOON_S):
            await one.settled()
    counted = await decided(topics)
    assert len(counted) == 100 + 2 + 2
    assert set(counted.values()) == {1}
    assert last in range(PARTITIONS)


async def test_a_second_worker_gets_its_share_and_nothing_is_decided_twice(
    topics: Deployment, tmp_path: Path
) -> None:
    """While events keep coming, a worker joins and the first one leaves: each event has one outcome."""
    first, second = worker(topics.kafka, tmp_path / "a", told := Told()), worker(topics.kafka, tmp_path / "b")
    sent = 0
    async with running(first):
        await until(lambda: first.ready)
        stop = asyncio.Event()

        async def go_on_sending() -> None:
            nonlocal sent
            while not stop.is_set():
                await topics.events(*((f"user-{n}", b"?") for n in range(30)))
                sent += 30

        sending = asyncio.create_task(go_on_sending())
        async with running(second):
            await until(lambda: bool(second.status) and second.ready and first.ready)
            assert len(first.status) + len(second.status) == PARTITIONS
            kept = [machine for machine in told.machines if machine.number in first.status]
            assert len(kept) == len(first.status), "what a worker keeps is not taken over anew"
            assert sorted(map(int, told.gone)) == sorted(second.status)
            first.drain(5)
            await until(lambda: len(second.status) == PARTITIONS and second.ready)
            stop.set()
            await sending
            async with asyncio.timeout(SOON_S):
                await second.settled()
    counted = await decided(topics)
    assert len(counted) == sent
    assert set(counted.values()) == {1}


async def test_a_static_members_restart_moves_nothing(topics: Deployment, tmp_path: Path) -> None:
    """Who comes back under its name within the session has its partitions again; the others never stop."""
    told = Told()
    first = worker(topics.kafka, tmp_path / "a", instance="pod-a")
    second = worker(topics.kafka, tmp_path / "b", told, instance="pod-b")
    async with running(second):
        await until(lambda: second.ready)
        async with running(first):
            await until(lambda: bool(first.status) and first.ready and second.ready)
            shares = set(first.status), set(second.status)
        made = len(told.machines)
        again = worker(topics.kafka, tmp_path / "a", instance="pod-a")
        async with running(again):
            await until(lambda: again.ready)
            assert (set(again.status), set(second.status)) == shares
            assert second.ready
            assert len(told.machines) == made


async def test_a_worker_that_lost_a_partition_unawares_is_fenced(topics: Deployment, tmp_path: Path) -> None:
    """A second deployment on the same topics fences the first: an event is decided once, by one of them."""
    told = Told()
    first = worker(topics.kafka, tmp_path / "a", told)
    async with running(first):
        await topics.events(("ana", b"1"))
        async with asyncio.timeout(SOON_S):
            await first.settled()
        usurper = topics.kafka.producer("nudge-state-1")
        await usurper.start()
        await usurper.stop()
        ana = topics.person_in(1)
        await topics.events((ana, b"2"))
        await until(lambda: told.tally.counts.get(("tactful_fenced_total", ())) == 1)
        assert first.status[1][0] == "paused"
        assert first.status[0] == ("running", "")
        await until(lambda: first.ready)
        async with asyncio.timeout(SOON_S):
            await first.settled()
    assert set((await decided(topics)).values()) == {1}


async def test_one_partition_in_doubt_leaves_the_others_alone(topics: Deployment, tmp_path: Path) -> None:
    """A machine that raises is thrown away and built anew from the last commit."""
    told = Told()
    broken = {1}

    class Breaking(Scribe):
        def receive(self, records: Sequence[Record], now: datetime) -> None:
            if self.number in broken:
                broken.discard(self.number)
                raise RuntimeError("a defect")
            super().receive(records, now)

    one = worker(topics.kafka, tmp_path, told, build=Breaking)
    async with running(one):
        await topics.events(*((f"user-{n}", b"?") for n in range(30)))
        await until(lambda: 1 in one.status and one.status[1][0] == "paused")
        assert one.status[1][1] == "a defect"
        assert not one.ready
        await until(lambda: one.ready)
        async with asyncio.timeout(SOON_S):
            await one.settled()
    counted = await decided(topics)
    assert len(counted) == 30
    assert set(counted.values()) == {1}


async def test_a_pause_reaches_every_partition(topics: Deployment, tmp_path: Path) -> None:
    """Before anything is decided, and when it changes while the worker runs."""
    await _control(topics, "digest", paused=True)
    told = Told()
    one = worker(topics.kafka, tmp_path, told)
    async with running(one):
        await until(lambda: one.ready)
        assert [machine.paused for machine in told.machines] == [frozenset({"digest"})] * PARTITIONS
        await _control(topics, "digest", paused=False)
        await _control(topics, "*", paused=True)
        async with asyncio.timeout(SOON_S):
            await one.settled()
        assert [machine.paused for machine in told.machines] == [frozenset({"*"})] * PARTITIONS


async def _control(topics: Deployment, name: str, *, paused: bool) -> None:
    value = msgspec.json.encode(Control(paused=paused, at=datetime(2026, 3, 2, tzinfo=UTC), by="ana"))
    await topics.appender.append([NewRecord("nudge-controls", name.encode(), value, NOON_MS)])


async def test_events_that_were_deleted_before_they_were_read_are_passed_over(
    topics: Deployment, tmp_path: Path
) -> None:
    """What retention takes from under a reader is counted, and the partition goes on behind it."""
    ana = topics.person_in(0)
    await topics.events(*((ana, b"?") for _ in range(10)))
    await topics.cut("user-events", 0, before=7)
    one = worker(topics.kafka, tmp_path)
    async with running(one), asyncio.timeout(SOON_S):
        await one.settled()
    assert set(await decided(topics)) == {b"0@7", b"0@8", b"0@9"}


async def test_a_worker_without_topics_says_what_to_do(kafka: str, tmp_path: Path) -> None:
    """It refuses to start, and no topic is made by the way."""
    nobodys = Kafka(Connection(bootstrap=kafka, prefix="nobodys-"))
    with pytest.raises(Refused, match="tactful topics apply"):
        await worker(nobodys, tmp_path).run()


async def test_too_much_that_is_undecided_stops_the_reading(topics: Deployment, tmp_path: Path) -> None:
    """Reading waits until less is undecided, the group goes on, and nothing is left out."""
    heavy = Told()

    class Hesitant(Scribe):
        heavy = True

        @property
        def undecided(self) -> int:
            return 10_000 if self.heavy and self._touched else 0

        @property
        def has_work(self) -> bool:
            return super().has_work and not self.heavy

    machines: list[Hesitant] = []

    def build(number: int, head: Head, rows: Callable[[str], bytes | None]) -> Hesitant:
        machines.append(Hesitant(number, head, rows))
        return machines[-1]

    one = worker(topics.kafka, tmp_path, heavy, build)
    ana = topics.person_in(0)
    async with running(one):
        await until(lambda: one.ready)
        await topics.events((ana, b"1"))
        full = next(machine for machine in machines if machine.number == 0)
        await until(lambda: full.undecided > 0)
        await asyncio.sleep(0.3)
        await topics.events((ana, b"2"))
        await asyncio.sleep(0.5)
        assert full._next == 1, "the second event was not handed out"
        full.heavy = False
        one.loops[0].poke()
        async with asyncio.timeout(SOON_S):
            await one.settled()
    assert set(await decided(topics)) == {b"0@0", b"0@1"}
