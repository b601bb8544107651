"""A person's wall clock: quiet hours, midnights, and the same hour a week later, across changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from topics.user_events import QuietHours

_DAY = timedelta(days=1)


def minutes(clock: str) -> int:
    """A wall clock, such as 21:30, as minutes since midnight."""
    return int(clock[:2]) * 60 + int(clock[3:5])


def is_quiet(now: datetime, zone: tzinfo, hours: QuietHours) -> bool:
    """Whether the local wall clock stands in `start <= local time < end`, over midnight when start is later."""
    start, end = minutes(hours.start), minutes(hours.end)
    if start == end:
        return False
    local = now.astimezone(zone)
    clock = local.hour * 60 + local.minute
    return start <= clock < end if start < end else clock >= start or clock < end


def quiet_ends(now: datetime, zone: tzinfo, hours: QuietHours) -> datetime:
    """The first instant from `now` on whose wall clock is not inside the quiet hours; `now` itself if none are."""
    at = now
    while is_quiet(at, zone, hours):
        # On to the end by the clock as it goes now; where it jumps before, the jump is looked at first.
        local = at.astimezone(zone)
        since_midnight = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        left = (timedelta(minutes=minutes(hours.end)) - since_midnight) % _DAY
        ends = at.replace(microsecond=0) + left
        at = _jump_between(at, ends, zone) or ends
    return at


def _jump_between(start: datetime, end: datetime, zone: tzinfo) -> datetime | None:
    """The instant at which the offset from UTC changes, to the second; None when it does not."""

    def offset(at: datetime) -> timedelta | None:
        return at.astimezone(zone).utcoffset()

    if offset(start) == offset(end):
        return None
    low, high = int(start.timestamp()), int(end.timestamp())
    before = offset(start)
    while high - low > 1:
        middle = (low + high) // 2
        if offset(datetime.fromtimestamp(middle, UTC)) == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def first_instant(day: date, clock: time, zone: tzinfo) -> datetime:
    """The first instant of `day` whose wall clock is at `clock` or, when the clock jumps over that, past it (UTC)."""
    naive = datetime.combine(day, clock)
    early = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == naive:
        return early
    # The wall time does not exist: fold=1 is read with the offset after the jump and so lands before it.
    before = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    low, high = sorted((before, early))
    return _jump_between(low - timedelta(seconds=1), high, zone) or early


def local_day(now: datetime, zone: tzinfo) -> date:
    """The calendar day that it is for the person."""
    return now.astimezone(zone).date()


def next_midnight(now: datetime, zone: tzinfo) -> datetime:
    """The first instant of the person's next calendar day (UTC)."""
    return first_instant(local_day(now, zone) + timedelta(days=1), time(0, 0), zone)


def same_hour_later(at: datetime, days: int, zone: tzinfo) -> datetime:
    """The same wall clock `days` days later, whatever the clock does in between (UTC)."""
    local = at.astimezone(zone)
    return first_instant(local.date() + timedelta(days=days), local.time().replace(tzinfo=None, fold=0), zone)
