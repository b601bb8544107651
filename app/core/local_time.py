"""A person's wall clock: quiet hours, midnights, and the same hour a week later, across changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from topics.user_events import QuietHours

# No zone's wall clock jumps by more than a day (Samoa skipped one), so a scan over this span finds any wall time.
_MINUTE = timedelta(minutes=1)


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
    if not is_quiet(now, zone, hours):
        return now
    local = now.astimezone(zone)
    end = time(*divmod(minutes(hours.end), 60))
    for days in (0, 1, 2):
        candidate = first_instant(local.date() + timedelta(days=days), end, zone)
        # A clock that jumps over the end is past it at the jump; one that is set back may be inside once more.
        if candidate > now and not is_quiet(candidate, zone, hours):
            return _earliest_outside(now, candidate, zone, hours)
    return _scan(now, zone, hours)


def _earliest_outside(now: datetime, end: datetime, zone: tzinfo, hours: QuietHours) -> datetime:
    """`end`, or an earlier jump of the clock that leaves the quiet hours (spring forward over the end)."""
    jump = _jump_between(now, end, zone)
    return jump if jump is not None and not is_quiet(jump, zone, hours) else end


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


def _scan(now: datetime, zone: tzinfo, hours: QuietHours) -> datetime:
    """Minute by minute: for the rare day on which the end of the quiet hours does not exist or comes twice."""
    at = now.replace(second=0, microsecond=0)
    for _ in range(3 * 24 * 60):
        at += _MINUTE
        if not is_quiet(at, zone, hours):
            return at
    return at


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
