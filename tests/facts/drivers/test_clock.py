"""Clocks never go back, doubt sudden leaps, and make a story cost no time."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from app.drivers.clock import QuickClock, SteadyClock, StoryClock

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


class Machine:
    """A machine whose two clocks are set by hand."""

    def __init__(self) -> None:
        self.wall_s = NOON.timestamp()
        self.up_s = 1000.0

    def pass_time(self, seconds: float) -> None:
        self.wall_s += seconds
        self.up_s += seconds

    def clock(self) -> SteadyClock:
        return SteadyClock(wall=lambda: self.wall_s, monotonic=lambda: self.up_s)


def test_the_time_at_start_is_believed() -> None:
    """Whatever the machine says at start is the time."""
    assert Machine().clock().now() == NOON


def test_time_passes_with_the_machine() -> None:
    """Where both clocks of the machine agree, that is the time, however long nobody looked."""
    machine = Machine()
    clock = machine.clock()
    machine.pass_time(86_400)
    assert clock.now() == after(86_400)


def test_a_step_of_up_to_a_minute_is_believed_at_once() -> None:
    """NTP may step the clock; a minute ahead sends nobody at a wrong hour."""
    machine = Machine()
    clock = machine.clock()
    machine.wall_s += 60
    assert clock.now() == after(60)


def test_a_leap_is_not_believed_before_it_has_stood_five_minutes() -> None:
    """A clock that leaps by an hour makes nothing due, and is the truth when it still says so 5 min later."""
    machine = Machine()
    clock = machine.clock()
    machine.wall_s += 3600
    assert clock.now() == NOON
    machine.pass_time(299)
    assert clock.now() == after(299)
    machine.pass_time(1)
    assert clock.now() == after(3900)


def test_a_leap_that_is_mended_is_forgotten() -> None:
    """After the clock was set right, the next leap is doubted for its own five minutes."""
    machine = Machine()
    clock = machine.clock()
    machine.wall_s += 3600
    clock.now()
    machine.pass_time(200)
    machine.wall_s -= 3600
    assert clock.now() == after(200)
    machine.wall_s += 3600
    clock.now()
    machine.pass_time(200)
    assert clock.now() == after(400)


def test_a_leap_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log says that the clock leapt, and not once a look."""
    machine = Machine()
    clock = machine.clock()
    machine.wall_s += 3600
    with caplog.at_level(logging.WARNING, "tactful.clock"):
        clock.now()
        clock.now()
    assert [record.message for record in caplog.records if "leapt ahead by 1:00:00" in record.message] != []
    assert len(caplog.records) == 1


def test_time_never_goes_back() -> None:
    """A clock that is set back stands still until the machine has caught up."""
    machine = Machine()
    clock = machine.clock()
    machine.pass_time(100)
    clock.now()
    machine.wall_s -= 40
    assert clock.now() == after(100)
    machine.pass_time(40)
    assert clock.now() == after(100)
    machine.pass_time(5)
    assert clock.now() == after(105)


async def test_a_real_clock_rings_and_wakes_when_the_time_has_come() -> None:
    """Alarms and sleepers of the machine's clock come in real time."""
    clock = SteadyClock()
    rang = asyncio.Event()
    start = clock.now()
    clock.alarm(start + timedelta(milliseconds=400), rang.set)
    await clock.sleep_until(start + timedelta(milliseconds=10))
    assert clock.now() >= start + timedelta(milliseconds=10)
    assert not rang.is_set()
    await asyncio.wait_for(rang.wait(), 2)


async def test_a_story_wakes_those_whose_time_has_come_in_order() -> None:
    """One advance wakes all that are due, the earliest first, and nobody else."""
    clock, woken = StoryClock(NOON), []

    async def sleeper(seconds: float) -> None:
        await clock.sleep_until(after(seconds))
        woken.append(seconds)

    sleepers = [asyncio.create_task(sleeper(seconds)) for seconds in (30, 10, 90)]
    await asyncio.sleep(0)
    assert clock.next_sleeper() == after(10)
    clock.advance(after(60))
    await asyncio.wait(sleepers[:2])
    assert (woken, clock.now(), clock.next_sleeper()) == ([10, 30], after(60), after(90))
    sleepers[2].cancel()


async def test_who_stops_waiting_is_no_sleeper() -> None:
    """A cancelled sleeper and a cancelled alarm are no reason to go on with the story."""
    clock = StoryClock(NOON)
    sleeper = asyncio.create_task(clock.sleep_until(after(10)))
    await asyncio.sleep(0)
    sleeper.cancel()
    clock.alarm(after(5), lambda: None).cancel()
    await asyncio.wait([sleeper])
    assert clock.next_sleeper() is None


async def test_what_is_past_waits_for_nobody() -> None:
    """Sleeping until a time that is past returns at once, and an alarm for it rings soon."""
    clock, rang = StoryClock(NOON), asyncio.Event()
    await clock.sleep_until(after(-1))
    clock.alarm(NOON, rang.set)
    assert not rang.is_set()
    await asyncio.wait_for(rang.wait(), 1)


def test_a_story_cannot_go_back() -> None:
    """Advancing to an earlier time is refused."""
    clock = StoryClock(NOON)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(after(-1))


async def test_a_quick_clock_runs_ahead_of_the_real_one() -> None:
    """At a speed of 3600 a second is an hour, for sleepers too."""
    clock = QuickClock(NOON, speed=3600)
    await asyncio.wait_for(clock.sleep_until(after(36)), 2)
    assert after(36) <= clock.now() < after(3600)


async def test_a_quick_clock_that_jumps_wakes_whom_it_passed() -> None:
    """A jump wakes those whose time it passed, and never goes back."""
    clock = QuickClock(NOON, speed=1)
    sleeper = asyncio.create_task(clock.sleep_until(after(3600)))
    await asyncio.sleep(0)
    clock.jump(after(7200))
    await asyncio.wait_for(sleeper, 1)
    clock.jump(NOON)
    assert clock.now() >= after(7200)


def test_a_clock_that_stands_still_is_refused() -> None:
    """A speed of 0 or less is an error that says what is expected."""
    with pytest.raises(ValueError, match="above 0"):
        QuickClock(NOON, speed=0)
