"""One time axis, past and future: from instants to places, with the ticks and the nights of the person's own clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

from app.core.local_time import minutes
from app.core.row import zone_of
from topics.user_events import QuietHours

_DAY = timedelta(days=1)
_TICK_EVERY = 62
"""Units between two ticks, so that `Thu 5 Mar` has room."""
_STEPS = (
    *(timedelta(minutes=each) for each in (5, 15, 30)),
    *(timedelta(hours=each) for each in (1, 2, 3, 6, 12)),
    *(timedelta(days=each) for each in (1, 2, 7, 14, 30, 91, 365)),
)
_NIGHTS_UP_TO = timedelta(days=40)
"""Beyond, nights are thinner than a line and say nothing."""


class Tick(msgspec.Struct, frozen=True):
    """One place on the axis that has a name; `day` where a local day begins, `today` where this one does."""

    x: float
    words: str
    day: bool
    today: bool = False


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a person's time that is drawn, from left to right."""

    start: datetime
    end: datetime
    left: float
    right: float
    zone: str

    def x(self, at: datetime) -> float:
        """Where an instant stands; what lies outside stands at the nearer end."""
        share = (at - self.start) / (self.end - self.start)
        return round(self.left + min(max(share, 0.0), 1.0) * (self.right - self.left), 1)

    def inside(self, at: datetime) -> bool:
        """Whether it is on the drawing at all."""
        return self.start <= at <= self.end

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def ticks(self, now: datetime) -> list[Tick]:
        """Named places, as dense as their names allow, at full hours and midnights of the local clock."""
        zone = zone_of(self.zone)
        fit = max(int((self.right - self.left) / _TICK_EVERY), 1)
        step = next((each for each in _STEPS if self.length / each <= fit), _STEPS[-1])
        if step < _DAY:
            return [self._tick(at, now, zone) for at in self._hours(step, zone)]
        days = [
            day for day in self._days(zone) if not (day.toordinal() - 1) % step.days
        ]  # weeks begin on Monday
        return [
            self._tick(_midnight(day, zone), now, zone) for day in days if self.inside(_midnight(day, zone))
        ]

    def nights(self, quiet: QuietHours) -> list[tuple[float, float]]:
        """Left and right end of each spell of quiet hours; none where they would be too thin to see."""
        start, end = minutes(quiet.start), minutes(quiet.end)
        if start == end or self.length > _NIGHTS_UP_TO:
            return []
        zone = zone_of(self.zone)
        spells = []
        for day in self._days(zone, before=1):
            begins = _instant(day, start, zone)
            ends = _instant(day + (_DAY if end < start else timedelta()), end, zone)
            if begins < self.end and ends > self.start:
                spells.append((self.x(begins), self.x(ends)))
        return spells

    def _days(self, zone: tzinfo, before: int = 0) -> Iterator[date]:
        day = self.start.astimezone(zone).date() - before * _DAY
        last = self.end.astimezone(zone).date()
        while day <= last:
            yield day
            day += _DAY

    def _hours(self, step: timedelta, zone: tzinfo) -> Iterator[datetime]:
        """Every instant at which the local clock stands at a multiple of `step`, each once when clocks change."""
        known = set()
        for day in self._days(zone):
            for number in range(_DAY // step):
                at = _instant(day, number * int(step.total_seconds()) // 60, zone)
                if self.inside(at) and at not in known:
                    known.add(at)
                    yield at

    def _tick(self, at: datetime, now: datetime, zone: tzinfo) -> Tick:
        local = at.astimezone(zone)
        if local.hour or local.minute:
            return Tick(self.x(at), f"{local:%H:%M}", day=False)
        year = f" {local.year}" if self.length > timedelta(days=300) else ""
        return Tick(
            self.x(at),
            f"{local:%a} {local.day} {local:%b}{year}",
            day=True,
            today=local.date() == now.astimezone(zone).date(),
        )


def _instant(day: date, minute: int, zone: tzinfo) -> datetime:
    clock = time(minute // 60 % 24, minute % 60)
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return _instant(day, 0, zone)
