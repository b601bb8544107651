"""The loop carries what a machine says to log and model, and ends at the first doubt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import pytest

from app.core.asks import Ask, Reply
from app.core.backlog import UNDECIDED_LIMIT
from app.core.partition import Commit
from app.core.tally import Tally
from app.drivers.clock import SteadyClock, StoryClock
from app.drivers.partition_loop import CommitDoubt, PartitionLoop, all_settled
from tests.facts.drivers.echo import GOOD, NOON, Echo, after, said

COSTLY = msgspec.structs.replace(GOOD, input_tokens=10, output_tokens=3, seconds=1.5)


class Kept:
    """A log that keeps what is committed, fails when told so, or hangs until let go."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.began_at: list[float] = []
        self.error: Exception | None = None
        self.go = asyncio.Event()
        self.go.set()

    async def commit(self, commit: Commit) -> None:
        self.began_at.append(time.monotonic())
        await self.go.wait()
        if self.error is not None:
            raise self.error
        self.commits.append(commit)

    @property
    def words(self) -> list[tuple[str, str]]:
        return [
            ((record.key or b"").decode(), (record.value or b"").decode())
            for commit in self.commits
            for record in commit.records
        ]


class Answering:
    """A model that answers by `reply`; `takes` seconds of the story, for people named so."""

    def __init__(self, clock: StoryClock, reply: Callable[[Ask], Reply] = lambda _: GOOD) -> None:
        self.clock = clock
        self.reply = reply
        self.takes: dict[str, float] = {}
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.on_wire = 0

    def at_once(self, ask: Ask) -> None:
        """Everything takes time."""

    async def ask(self, ask: Ask) -> Reply:
        self.asked.append(ask.user_id)
        try:
            if ask.user_id in self.takes:
                await self.clock.sleep_until(after(self.takes[ask.user_id]))
            self.on_wire += 1
            try:
                await asyncio.sleep(0.002)  # a socket's time: real, while the story's stands still
            finally:
                self.on_wire -= 1
        except asyncio.CancelledError:
            self.cancelled.append(ask.user_id)
            raise
        return self.reply(ask)


@dataclass
class World:
    clock: StoryClock
    log: Kept
    model: Answering
    machine: Echo
    loop: PartitionLoop
    running: asyncio.Task[None]
    commits: list[str] = field(default_factory=list)

    async def until(self, seconds: float) -> None:
        """Let the story's time pass, stopping wherever somebody waits."""
        await self.loop.settled()
        while (wake := self.clock.next_sleeper()) is not None and wake <= after(seconds):
            self.clock.advance(wake)
            await self.loop.settled()
        self.clock.advance(after(seconds))
        await self.loop.settled()


@asynccontextmanager
async def world(
    room: Callable[[datetime], int] = lambda _: 100, within_s: float = 15
) -> AsyncIterator[World]:
    clock, log, machine = StoryClock(NOON), Kept(), Echo()
    model = Answering(clock)
    results: list[str] = []
    loop = PartitionLoop(
        machine,
        log=log,
        model=model,
        clock=clock,
        room=room,
        on_commit=lambda result, _: results.append(result),
        min_commit_interval_s=0,
        commit_within_s=within_s,
    )
    running = asyncio.create_task(loop.run())
    try:
        yield World(clock, log, model, machine, loop, running, results)
    finally:
        loop.stop()
        await asyncio.wait([running])


async def test_what_needs_no_model_is_committed_at_once() -> None:
    """A record that asks nothing becomes durable without any time passing."""
    async with world() as w:
        w.loop.receive([said("ana", "plain")])
        await w.loop.settled()
        assert w.log.words == [("ana", "plain")]
        assert w.commits == ["committed"]


async def test_a_request_is_answered_and_committed() -> None:
    """What the model replied reaches the machine, and what it decides the log."""
    async with world() as w:
        w.loop.receive([said("ana", "ask"), said("bo", "plain", 1)])
        await w.loop.settled()
        assert w.log.words == [("bo", "plain"), ("ana", "answered")]


async def test_one_commit_at_a_time() -> None:
    """What is decided while a commit is in flight goes into the next one, all of it."""
    async with world() as w:
        w.log.go.clear()
        for offset, user in enumerate(("ana", "bo", "cy")):
            w.loop.receive([said(user, "plain", offset)])
            await asyncio.sleep(0.005)
        w.log.go.set()
        await w.loop.settled()
        assert [len(commit.records) for commit in w.log.commits] == [1, 2]


async def test_a_timer_wakes_at_its_own_time() -> None:
    """In a story the machine is ticked exactly when something is due."""
    async with world() as w:
        w.loop.receive([said("ana", "at 100"), said("bo", "at 40", 1)])
        await w.until(99)
        assert w.log.words == [("bo", "woken")]
        await w.until(100)
        assert sorted({now for now, _ in w.machine.ticks}) == [after(40), after(100)]


async def test_a_slow_answer_comes_at_its_time() -> None:
    """A request that sleeps on the story's clock leaves the loop idle until then."""
    async with world() as w:
        w.model.takes["ana"] = 20
        w.loop.receive([said("ana", "ask")])
        await w.loop.settled()
        assert (w.loop.outstanding, w.log.words) == (1, [])
        await w.until(20)
        assert (w.loop.outstanding, w.log.words) == (0, [("ana", "answered")])


async def test_a_request_nobody_waits_for_is_cancelled() -> None:
    """When the pass has ended without its answer, the request gives its slot back."""
    async with world() as w:
        w.model.takes["ana"] = 1000
        w.loop.receive([said("ana", "ask")])
        await w.until(61)
        assert (w.model.cancelled, w.log.words, w.loop.outstanding) == (["ana"], [("ana", "unanswered")], 0)


async def test_a_model_that_raises_counts_as_unreachable() -> None:
    """A defect in the model's front door is a failed request, not the end of the partition."""

    def broken(ask: Ask) -> Reply:
        raise RuntimeError(ask.user_id)

    async with world() as w:
        w.model.reply = broken
        w.loop.receive([said("ana", "ask")])
        await w.loop.settled()
        assert w.log.words == [("ana", "unreachable")]


async def test_room_is_asked_for_and_waited_for() -> None:
    """With no room nobody is woken; when there is some, those that are due are."""
    room = 0
    async with world(room=lambda _: room) as w:
        w.loop.receive([said("ana", "at 10")])
        await w.until(15)
        assert w.log.words == []
        room = 5
        w.loop.poke()
        await w.loop.settled()
        assert w.log.words == [("ana", "woken")]


async def test_room_that_was_given_back_is_used_at_once() -> None:
    """Two of three who are due at one instant wait for the first, and not for a second of the story."""
    async with world(room=lambda _: 1 - w.machine.woken) as w:
        w.loop.receive([said(user, "at 10", n) for n, user in enumerate(("ana", "bo", "cy"))])
        await w.until(10)
        assert w.log.words == [("ana", "woken"), ("bo", "woken"), ("cy", "woken")]


async def test_requests_are_counted_by_what_came_of_them() -> None:
    """Task, result, seconds and tokens of every request go to the metrics."""
    counted = Tally()
    clock = StoryClock(NOON)
    model = Answering(clock, lambda ask: COSTLY if ask.user_id == "ana" else Reply(failed="timeout"))
    loop = PartitionLoop(
        Echo(), log=Kept(), model=model, clock=clock, room=lambda _: 9, on_tally=counted.absorb
    )
    running = asyncio.create_task(loop.run())
    loop.receive([said("ana", "ask"), said("bo", "ask", 1)])
    await loop.settled()
    loop.stop()
    await running
    assert counted.counts == {
        ("tactful_model_calls_total", ("judge", "answered")): 1,
        ("tactful_model_calls_total", ("judge", "timeout")): 1,
        ("tactful_model_tokens_total", ("judge", "input")): 10,
        ("tactful_model_tokens_total", ("judge", "output")): 3,
    }
    assert counted.observed == [("tactful_model_seconds", ("judge",), seconds) for seconds in (1.5, 0.0)]


async def test_no_room_is_looked_at_again_as_the_story_goes_on() -> None:
    """A minute's budget that comes back is noticed a second later, with nobody poking."""
    async with world(room=lambda now: 5 if now >= after(60) else 0) as w:
        w.loop.receive([said("ana", "at 10")])
        await w.until(60)
        assert w.log.words == [("ana", "woken")]


async def test_the_owner_hears_when_people_were_decided() -> None:
    """Room that one partition gives back can be used by the others at once."""
    heard = []
    clock, machine = StoryClock(NOON), Echo()
    loop = PartitionLoop(
        machine,
        log=Kept(),
        model=Answering(clock),
        clock=clock,
        room=lambda _: 9,
        on_less=lambda: heard.append(machine.woken),
    )
    running = asyncio.create_task(loop.run())
    loop.receive([said("ana", "at -1")])
    await loop.settled()
    loop.stop()
    await running
    assert heard == [0]


async def test_controls_and_positions_reach_the_machine() -> None:
    """A pause holds from the next step on, and a position behind markers is a position."""
    async with world() as w:
        w.loop.controls(frozenset({"digest"}))
        w.loop.receive([said("ana", "plain", 4)])
        w.loop.positioned(7)
        await w.loop.settled()
        assert (w.machine.paused, w.log.commits[-1].head.next) == (frozenset({"digest"}), 7)


async def test_a_failed_commit_ends_the_loop_in_doubt() -> None:
    """Nobody may go on over a commit that may or may not be durable."""
    async with world() as w:
        w.log.error = OSError("disk full")
        w.loop.receive([said("ana", "plain")])
        with pytest.raises(CommitDoubt, match="disk full"):
            await w.running
        assert w.commits == ["failed"]
        w.loop.receive([said("bo", "plain", 1)])
        assert w.machine.decided == []


async def test_a_commit_that_takes_too_long_is_doubt() -> None:
    """A commit that has not ended within its time ends the loop, durable or not."""
    async with world(within_s=0.03) as w:
        w.log.go.clear()
        w.loop.receive([said("ana", "plain")])
        with pytest.raises(CommitDoubt, match="had not ended"):
            await asyncio.wait_for(w.running, 2)


async def test_a_defect_of_the_machine_ends_the_loop() -> None:
    """What the machine raises ends `run`, and not whoever handed it the record."""
    async with world() as w:
        w.loop.receive([said("ana", "defect")])
        with pytest.raises(RuntimeError, match="a defect"):
            await w.running


async def test_draining_commits_what_is_decided_and_drops_what_is_asked() -> None:
    """Letting go takes the commit in flight and one more; requests are taken again by the next owner."""
    async with world() as w:
        w.model.takes["ana"] = 1000
        w.log.go.clear()
        w.loop.receive([said("ana", "ask"), said("bo", "plain", 1)])
        await asyncio.sleep(0.005)
        w.loop.receive([said("cy", "plain", 2)])
        draining = asyncio.create_task(w.loop.drain(within_s=2))
        await asyncio.sleep(0.005)
        w.loop.receive([said("di", "plain", 3)])
        w.log.go.set()
        assert await draining
        await w.running
        assert w.log.words == [("bo", "plain"), ("cy", "plain")]
        assert w.model.cancelled == ["ana"]


async def test_draining_ends_in_time() -> None:
    """A log that hangs does not keep a partition that must go; whoever asked is told that it was not enough."""
    async with world() as w:
        w.log.go.clear()
        w.loop.receive([said("ana", "plain")])
        await asyncio.sleep(0.005)
        began = time.monotonic()
        assert not await w.loop.drain(within_s=0.05)
        await w.running
        assert time.monotonic() - began < 1


async def test_receiving_stops_at_the_bound() -> None:
    """10,000 undecided events are as many as a partition holds."""
    async with world() as w:
        w.log.go.clear()
        w.loop.receive([said("ana", "plain", n) for n in range(UNDECIDED_LIMIT)])
        assert w.loop.full
        w.log.go.set()
        await w.loop.settled()
        assert not w.loop.full


async def test_the_watchdog_sees_work_that_is_not_committed() -> None:
    """Seconds count from when there was work, and start anew with each commit."""
    async with world() as w:
        assert w.loop.seconds_without_commit_while_work == 0
        w.log.go.clear()
        w.loop.receive([said("ana", "plain")])
        await asyncio.sleep(0.05)
        assert w.loop.seconds_without_commit_while_work >= 0.04
        w.log.go.set()
        await w.loop.settled()
        assert w.loop.seconds_without_commit_while_work == 0


async def test_with_a_real_clock_commits_keep_their_distance() -> None:
    """Records that come one by one share commits, which begin at least 20 ms apart."""
    clock, log = SteadyClock(), Kept()
    loop = PartitionLoop(Echo(), log=log, model=Answering(StoryClock(NOON)), clock=clock, room=lambda _: 1)
    running = asyncio.create_task(loop.run())
    for n in range(30):
        loop.receive([said("ana", "plain", n)])
        await asyncio.sleep(0.002)
    await loop.settled()
    loop.stop()
    await running
    # Over all of them: on a busy machine one begins late and the next in time, which looks too short between the two.
    assert len(log.words) == 30
    assert 1 < len(log.began_at) < 30
    assert log.began_at[-1] - log.began_at[0] >= 0.019 * (len(log.began_at) - 1) - 0.01


async def test_nothing_happens_while_nothing_happens() -> None:
    """An idle loop costs no turns: it looks once a second on a real clock, and never in a story."""
    clock, machine = SteadyClock(), Echo()
    loop = PartitionLoop(
        machine, log=Kept(), model=Answering(StoryClock(NOON)), clock=clock, room=lambda _: 1
    )
    running = asyncio.create_task(loop.run())
    await asyncio.sleep(1.2)
    loop.stop()
    await running
    assert len(machine.ticks) == 2


async def test_several_loops_settle_together() -> None:
    """A story waits for all partitions, also when one waits for the clock and another for an answer."""
    async with world() as one, world() as other:
        one.model.takes["ana"] = 20
        one.loop.receive([said("ana", "ask")])
        other.loop.receive([said("bo", "ask")])
        await all_settled([one.loop, other.loop])
        assert (one.log.words, other.log.words) == ([], [("bo", "answered")])
