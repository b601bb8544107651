"""The embedded worker decides what is in the log, once, whatever happens to it."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from app.core.asks import Ask, Reply
from app.core.backlog import UNDECIDED_LIMIT
from app.core.partition import Commit, Head
from app.core.row import decode
from app.drivers.clock import StoryClock
from app.drivers.embedded import EmbeddedLog
from app.drivers.embedded_worker import RECORDS_AT_ONCE, EmbeddedWorker
from tests.facts.drivers.echo import GOOD, NOON, Echo, after
from tests.facts.drivers.kill_me import REQUESTS
from topics.controls import Control
from topics.outcomes import Outcome
from topics.record import NewRecord


class Prompt:
    """A model that answers at once."""

    on_wire = 0

    def at_once(self, ask: Ask) -> None:
        """Everything takes time."""

    async def ask(self, ask: Ask) -> Reply:
        return GOOD


class Silent:
    """A model that never answers."""

    on_wire = 1

    def at_once(self, ask: Ask) -> None:
        """Everything takes time."""

    async def ask(self, ask: Ask) -> Reply:
        await asyncio.Event().wait()
        return GOOD


class Unsteady(EmbeddedLog):
    """A log whose disk is full for as many commits as it is told."""

    failures = 0

    async def commit(self, commit: Commit) -> None:
        if self.failures:
            self.failures -= 1
            message = "disk full"
            raise OSError(message)
        await super().commit(commit)


@dataclass
class Home:
    log: Unsteady
    clock: StoryClock
    worker: EmbeddedWorker
    running: asyncio.Task[None]
    machines: list[Echo]

    def say(self, user: str, word: str) -> None:
        self.log.append([NewRecord("user-events", user.encode(), word.encode(), 0)], now=NOON)

    async def pause(self) -> None:
        await asyncio.sleep(0.002)

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [
            ((r.key or b"").decode(), (r.value or b"").decode()) for r in self.log.read_topic("nudge-outcome")
        ]


@asynccontextmanager
async def at_home(folder: Path) -> AsyncIterator[Home]:
    log, clock, machines = Unsteady(folder), StoryClock(NOON), []

    def build(head: Head, row: Callable[[str], bytes | None]) -> Echo:
        machines.append(Echo(head))
        return machines[-1]

    worker = EmbeddedWorker(
        log,
        build=build,
        model=Prompt(),
        clock=clock,
        room=lambda woken, _: 100 - woken,
        min_commit_interval_s=0,
        first_pause_s=0.01,
    )
    running = asyncio.create_task(worker.run())
    try:
        yield Home(log, clock, worker, running, machines)
    finally:
        worker.kill()
        await running
        log.close()


async def test_what_is_in_the_log_is_decided(tmp_path: Path) -> None:
    """Events of before and after the start are decided in their order, with and without a model."""
    async with at_home(tmp_path) as home:
        home.say("ana", "plain")
        home.say("bo", "ask")
        await home.worker.settled()
        home.say("cy", "plain")
        await home.worker.settled()
        assert home.outcomes == [("ana", "plain"), ("bo", "answered"), ("cy", "plain")]
        assert (home.worker.ready, home.worker.lag, home.log.head().next) == (True, 0, 3)


async def test_a_slow_model_and_a_fast_service_meet_a_bound(tmp_path: Path) -> None:
    """What is undecided stays at 10,000 events and one batch, and the rest waits in the log, not in memory."""
    log, many = EmbeddedLog(tmp_path), UNDECIDED_LIMIT + 3 * RECORDS_AT_ONCE
    log.append([NewRecord("user-events", b"u%d" % n, b"ask", 0) for n in range(many)], now=NOON)
    worker = EmbeddedWorker(
        log,
        build=lambda head, _: Echo(head),
        model=Silent(),
        clock=StoryClock(NOON),
        room=lambda woken, _: 100 - woken,
        min_commit_interval_s=0,
    )
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(30):
        while worker.loop is None or not worker.loop.full:  # noqa: ASYNC110 - it gives no event
            await asyncio.sleep(0.01)
    seen = set()
    for _ in range(20):
        await asyncio.sleep(0.01)
        seen.add((worker.loop.partition.undecided, worker.lag))
    worker.kill()
    await running
    log.close()
    ((undecided, lag),) = seen
    assert UNDECIDED_LIMIT <= undecided <= UNDECIDED_LIMIT + RECORDS_AT_ONCE
    assert undecided + lag == many


async def test_large_events_are_read_a_megabyte_at_a_time(tmp_path: Path) -> None:
    """Few at once where each is large; what is left comes with the next look."""
    log = EmbeddedLog(tmp_path)
    large = [NewRecord("user-events", b"ana", bytes(200_000), 0) for _ in range(20)]
    log.append(large, now=NOON)
    read = log.read_from(0, RECORDS_AT_ONCE)
    assert len(read) == 6
    assert [one.offset for one in log.read_from(len(read), RECORDS_AT_ONCE)] == list(range(6, 12))
    log.close()


async def test_a_successor_goes_on_where_the_last_commit_ended(tmp_path: Path) -> None:
    """Nothing is decided twice by the next worker, and it knows the rows."""
    async with at_home(tmp_path) as home:
        home.say("ana", "plain")
        await home.worker.settled()
    async with at_home(tmp_path) as home:
        home.say("ana", "plain")
        await home.worker.settled()
        assert home.outcomes == [("ana", "plain")] * 2
        assert home.log.row("ana") == b"plain,plain"


async def test_a_doubtful_commit_starts_everything_again(tmp_path: Path) -> None:
    """After a commit that failed, a new machine decides the same events again, and they count once."""
    async with at_home(tmp_path) as home:
        home.log.failures = 2
        home.say("bo", "ask")
        home.say("ana", "plain")
        await home.worker.settled()
        assert home.outcomes == [("ana", "plain"), ("bo", "answered")]
        assert len(home.machines) == 3


async def test_a_worker_that_starts_again_says_why(tmp_path: Path) -> None:
    """Between two lives it is not ready, and `trouble` is the reason."""
    async with at_home(tmp_path) as home:
        home.log.failures = 1000
        home.say("ana", "plain")
        while "disk full" not in home.worker.trouble:
            await home.pause()
        assert not home.worker.ready


async def test_a_pause_is_obeyed_and_outlives_a_restart(tmp_path: Path) -> None:
    """The latest control of each agent counts, in this life and the next; nonsense changes nothing."""

    def control(name: str, value: bytes | None) -> NewRecord:
        return NewRecord("nudge-controls", name.encode(), value, 0)

    paused = msgspec.json.encode(Control(paused=True, at=NOON))
    async with at_home(tmp_path) as home:
        home.log.append([control("digest", paused), control("*", paused), control("*", None)], now=NOON)
        home.log.append([control("digest", b"nonsense")], now=NOON)
        await asyncio.sleep(0.01)
        assert home.machines[-1].paused == frozenset({"digest"})
    async with at_home(tmp_path) as home:
        await asyncio.sleep(0.01)
        assert home.machines[-1].paused == frozenset({"digest"})


async def test_time_passes_for_an_embedded_worker_too(tmp_path: Path) -> None:
    """In a story a timer is due exactly at its time."""
    async with at_home(tmp_path) as home:
        home.say("ana", "at 60")
        await home.worker.settled()
        assert (home.outcomes, home.clock.next_sleeper()) == ([], after(60))
        home.clock.advance(after(60))
        await home.worker.settled()
        assert home.outcomes == [("ana", "woken")]


@pytest.mark.slow
def test_it_outlives_kill_minus_nine(tmp_path: Path) -> None:
    """Killed at random moments under load, every plan that was asked for is open or has one outcome."""
    people, rng = 200, random.Random(7)
    command = [sys.executable, "-m", "tests.facts.drivers.kill_me", str(tmp_path / "log"), str(people)]
    kills, said = 0, ""
    while "done" not in said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        if kills < 8:
            time.sleep(rng.uniform(0, 0.25))
            process.send_signal(signal.SIGKILL)
            kills += 1
        said = process.communicate(timeout=60)[0]
    log = EmbeddedLog(tmp_path / "log")
    outcomes = [
        msgspec.json.decode(record.value or b"", type=Outcome) for record in log.read_topic("nudge-outcome")
    ]
    nudges = [msgspec.json.decode(record.value or b"") for record in log.read_topic("nudges")]
    plans = [plan for _, row in log.rows() for plan in decode(row).intents.values()]
    dead = list(log.read_topic("dead-letter"))
    head, end = log.head(), log.end()
    log.close()

    opened = Counter(plan.opened_by.event_id for plan in plans)
    opened.update(outcome.opened_by.event_id for outcome in outcomes)
    asked = {f"test/{n}-{10 + k}" for n in range(people) for k in range(REQUESTS)}
    assert {event_id: opened[event_id] for event_id in asked} == dict.fromkeys(asked, 1)
    sent = Counter(nudge["nudge_id"] for nudge in nudges if nudge["kind"] == "nudge")
    assert set(sent.values()) == {1}
    assert sum(outcome.outcome == "nudged" for outcome in outcomes) == len(sent)
    assert (dead, head.next, head.unfinished) == ([], end, ())
