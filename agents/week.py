"""The same hour every week on a person's wall clock, across changes of that clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAYS_A_WEEK = 7
# Two occurrences are a week apart, so within half a week to either side of any instant there is one.
HALF_A_WEEK = timedelta(days=3, hours=12)


def next_weekly(after: datetime, weekday: int, at: str, zone: tzinfo) -> datetime:
    """The first instant strictly after `after` at which it is `at` on that weekday (0: Monday), in UTC.

    Where the clock jumps over `at`, the first instant whose wall clock is past it; where `at` comes twice,
    the first of the two.
    """
    clock = time.fromisoformat(at)
    today = after.astimezone(zone).date()
    day = today + timedelta(days=(weekday - today.weekday()) % DAYS_A_WEEK)
    found = _first_instant(day, clock, zone)
    if found > after:
        return found
    return _first_instant(day + timedelta(days=DAYS_A_WEEK), clock, zone)


def nearest_weekly(to: datetime, weekday: int, at: str, zone: tzinfo) -> datetime:
    """The occurrence of the weekly hour that lies nearest to an instant, before or after it, in UTC."""
    return next_weekly(to - HALF_A_WEEK, weekday, at, zone)


def _first_instant(day: date, clock: time, zone: tzinfo) -> datetime:
    wall = datetime.combine(day, clock)
    # Of a wall time that comes twice, fold 0 is the first.
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # The wall time does not exist. Read with the offset from before the jump (fold 0) it lands after it, with
    # the one from after the jump (fold 1) before it: the jump is the change of offset between, to the second.
    low = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    before = low.astimezone(zone).utcoffset()
    while instant - low > timedelta(seconds=1):
        middle = low + (instant - low) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            instant = middle
    return instant
