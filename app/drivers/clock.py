"""The clocks a driver may run on: the machine's, a story's, and a quickened one for the demo.

`now` is what the core is told, so a clock is the one place where time can go wrong for everybody at once.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

log = logging.getLogger("tactful.clock")

LARGEST_STEP = timedelta(seconds=60)
"""How far the machine's clock may run ahead of the monotonic one between two looks before it is doubted."""
BELIEVED_AFTER_S = 300.0
"""How long a larger jump must stand before it is taken as the truth: NTP mistakes are mended sooner."""
BEAT_S = 1.0
"""How often a real clock is looked at though nothing is due: the machine may have slept or been set."""


class Alarm(Protocol):
    """Something that rings once when its time has come, unless it is cancelled before."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What time it is, and how to wait: UTC, aware, and never going back."""

    @property
    def beat_s(self) -> float | None:
        """Real seconds after which to look again though nothing is due; None: only `alarm` brings news."""

    def now(self) -> datetime: ...

    async def sleep_until(self, when: datetime) -> None: ...

    def alarm(self, when: datetime, ring: Callable[[], None]) -> Alarm:
        """Call `ring` once at `when`, or soon when that is past; never inside this call."""


class SteadyClock:
    """The machine's clock, guarded: it never goes back, and a sudden leap is believed late.

    A leap of an hour would make everything of that hour due at once, and what was sent cannot be unsent.
    The time at start is believed, whatever it is.
    """

    beat_s: float | None = BEAT_S

    def __init__(
        self, *, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._last = datetime.fromtimestamp(wall(), UTC)
        self._last_at = monotonic()
        self._doubted_since: float | None = None
        self._stands = False

    def now(self) -> datetime:
        """The machine's time, or where it would be by the monotonic clock while a leap is doubted."""
        wall, at = datetime.fromtimestamp(self._wall(), UTC), self._monotonic()
        steady = self._last + timedelta(seconds=at - self._last_at)
        if wall > steady + LARGEST_STEP:
            now = self._leap(wall, steady, at)
        else:
            self._doubted_since = None
            now = self._not_back(wall)
        self._last, self._last_at = now, at
        return now

    def _leap(self, wall: datetime, steady: datetime, at: float) -> datetime:
        if self._doubted_since is None:
            self._doubted_since = at
            log.warning(
                "the machine's clock leapt ahead by %s: it is believed if it stands for %d s; "
                "check the machine's time service",
                wall - steady,
                BELIEVED_AFTER_S,
            )
        if at - self._doubted_since < BELIEVED_AFTER_S:
            return steady
        log.warning("the machine's clock still says %s: believed from now on", wall.isoformat())
        self._doubted_since = None
        return wall

    def _not_back(self, wall: datetime) -> datetime:
        behind = self._last - wall
        if behind > LARGEST_STEP and not self._stands:
            log.warning(
                "the machine's clock was set back by %s: time stands still until it has caught up", behind
            )
        self._stands = behind > LARGEST_STEP
        return max(wall, self._last)

    async def sleep_until(self, when: datetime) -> None:
        """Wait in steps of at most a beat, because the machine's clock may be set meanwhile."""
        while (left := (when - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - time gives no event
            await asyncio.sleep(min(left, BEAT_S))

    def alarm(self, when: datetime, ring: Callable[[], None]) -> Alarm:
        """Ring when the time that is left now has passed; who needs more looks again each beat."""
        left = (when - self.now()).total_seconds()
        return asyncio.get_running_loop().call_later(max(0.0, left), ring)


class _Set:
    """An alarm that was set: cancelled ones stay in the heap until their time and ring nobody."""

    __slots__ = ("ring", "when")

    def __init__(self, when: datetime, ring: Callable[[], None]) -> None:
        self.when = when
        self.ring: Callable[[], None] | None = ring

    def cancel(self) -> None:
        self.ring = None


class _Alarms:
    """Alarms in the order of their time; those of one instant in the order in which they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, _Set]] = []
        self._numbers = itertools.count()

    def add(self, when: datetime, ring: Callable[[], None]) -> _Set:
        alarm = _Set(when, ring)
        heapq.heappush(self._heap, (when, next(self._numbers), alarm))
        return alarm

    def first(self) -> datetime | None:
        while self._heap and self._heap[0][2].ring is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def ring_due(self, now: datetime) -> None:
        while (when := self.first()) is not None and when <= now:
            alarm = heapq.heappop(self._heap)[2]
            if alarm.ring is not None:
                alarm.ring()


async def _sleep(clock: Clock, when: datetime) -> None:
    """Wait for an alarm; who is cancelled leaves none behind."""
    woken = asyncio.Event()
    alarm = clock.alarm(when, woken.set)
    try:
        await woken.wait()
    finally:
        alarm.cancel()


class StoryClock:
    """A story's clock: time passes only when the teller says so, and waiting costs no real time."""

    beat_s: float | None = None

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._alarms = _Alarms()

    def now(self) -> datetime:
        return self._now

    async def sleep_until(self, when: datetime) -> None:
        if when > self._now:
            await _sleep(self, when)

    def alarm(self, when: datetime, ring: Callable[[], None]) -> Alarm:
        """Rings inside `advance`; what is due already rings soon, since nobody may advance again."""
        if when <= self._now:
            return asyncio.get_running_loop().call_soon(ring)
        return self._alarms.add(when, ring)

    def next_sleeper(self) -> datetime | None:
        """The earliest time at which somebody waits to be woken; None when nobody waits."""
        return self._alarms.first()

    def advance(self, to: datetime) -> None:
        """It is `to` now; all who waited for that or an earlier time are woken, the earliest first."""
        if to < self._now:
            message = f"a story's clock cannot go back from {self._now.isoformat()} to {to.isoformat()}"
            raise ValueError(message)
        self._now = to.astimezone(UTC)
        self._alarms.ring_due(self._now)


class QuickClock:
    """A clock for the demo: it runs `speed` times as fast as the real one and can be moved ahead at once."""

    beat_s: float | None = BEAT_S

    def __init__(
        self, start: datetime, speed: float, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        if speed <= 0:
            message = f"a clock's speed is above 0, not {speed:g}: 1 is real time, 3600 an hour a second"
            raise ValueError(message)
        self._start = start.astimezone(UTC)
        self._speed = speed
        self._monotonic = monotonic
        self._began = monotonic()
        self._alarms = _Alarms()
        self._timer: asyncio.TimerHandle | None = None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(self._monotonic() - self._began) * self._speed)

    def jump(self, to: datetime) -> None:
        """Go on from `to`, when that is ahead, and wake who was due by then; time never goes back."""
        if to > self.now():
            self._start, self._began = to.astimezone(UTC), self._monotonic()
            self._look()

    async def sleep_until(self, when: datetime) -> None:
        if when > self.now():
            await _sleep(self, when)

    def alarm(self, when: datetime, ring: Callable[[], None]) -> Alarm:
        """Ring at `when` by this clock, or when a jump has passed it."""
        loop = asyncio.get_running_loop()
        if when <= self.now():
            return loop.call_soon(ring)
        alarm = self._alarms.add(when, ring)
        if self._alarms.first() == when:
            self._wind(loop)
        return alarm

    def _look(self) -> None:
        self._alarms.ring_due(self.now())
        self._wind(asyncio.get_running_loop())

    def _wind(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        first = self._alarms.first()
        if first is not None:
            left = (first - self.now()).total_seconds() / self._speed
            self._timer = loop.call_later(max(0.0, left), self._look)
