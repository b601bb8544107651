"""A person's wall clock over the days on which it jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.local_time import is_quiet, local_day, next_midnight, quiet_ends, same_hour_later
from topics.user_events import QuietHours

MINUTE = timedelta(minutes=1)
NIGHT = QuietHours("21:00", "09:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "now", "hours", "ends"),
    [
        # Forward over the end of the night: it ends with the jump.
        ("America/New_York", "2026-03-08T01:30:00-05:00", ("22:00", "02:30"), "2026-03-08T03:00:00-04:00"),
        ("Europe/Berlin", "2026-03-29T00:10:00+01:00", ("22:00", "02:30"), "2026-03-29T03:00:00+02:00"),
        # Forward within the night: it is an hour shorter.
        ("America/New_York", "2026-03-07T22:00:00-05:00", ("21:00", "09:00"), "2026-03-08T09:00:00-04:00"),
        # Back: an end that comes twice ends the night the first time, and it begins again with the second.
        ("America/New_York", "2026-11-01T00:30:00-04:00", ("22:00", "01:30"), "2026-11-01T01:30:00-04:00"),
        ("America/New_York", "2026-11-01T01:10:00-05:00", ("22:00", "01:30"), "2026-11-01T01:30:00-05:00"),
        ("Europe/Berlin", "2026-10-24T22:00:00+02:00", ("21:00", "09:00"), "2026-10-25T09:00:00+01:00"),
        # No jumps at all.
        ("Asia/Tokyo", "2026-03-29T22:00:00+09:00", ("21:00", "09:00"), "2026-03-30T09:00:00+09:00"),
        # A day that was left out: the night of the 29th ends on the 31st.
        ("Pacific/Apia", "2011-12-29T23:00:00-10:00", ("21:00", "09:00"), "2011-12-31T09:00:00+14:00"),
        # Ramadan: back in February, forward in March.
        ("Africa/Casablanca", "2026-02-15T01:00:00+01:00", ("21:00", "09:00"), "2026-02-15T09:00:00+00:00"),
        ("Africa/Casablanca", "2026-03-22T01:00:00+00:00", ("21:00", "02:30"), "2026-03-22T03:00:00+01:00"),
    ],
)
def test_a_night_ends_when_its_wall_clock_is_over(
    zone: str, now: str, hours: tuple[str, str], ends: str
) -> None:
    """Quiet ends at the first instant whose wall clock is not inside."""
    assert quiet_ends(at(now), ZoneInfo(zone), QuietHours(*hours)) == at(ends)


@pytest.mark.parametrize(
    ("zone", "now", "midnight"),
    [
        ("America/New_York", "2026-03-07T12:00:00-05:00", "2026-03-08T00:00:00-05:00"),
        ("Europe/Berlin", "2026-10-25T12:00:00+01:00", "2026-10-26T00:00:00+01:00"),
        # A midnight that does not exist: the day begins with the jump.
        ("Africa/Cairo", "2026-04-23T12:00:00+02:00", "2026-04-24T01:00:00+03:00"),
        # A midnight that comes twice: the day begins with the first.
        ("America/Havana", "2026-10-31T12:00:00-04:00", "2026-11-01T00:00:00-04:00"),
        ("Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00"),
        ("Asia/Kathmandu", "2026-03-02T12:00:00+05:45", "2026-03-03T00:00:00+05:45"),
    ],
)
def test_a_day_begins_at_its_first_instant(zone: str, now: str, midnight: str) -> None:
    """The next calendar day begins at its first instant, which is not always 00:00."""
    assert next_midnight(at(now), ZoneInfo(zone)) == at(midnight)


@pytest.mark.parametrize(
    ("zone", "due", "later"),
    [
        ("Europe/Berlin", "2026-03-25T15:00:00+01:00", "2026-04-01T15:00:00+02:00"),
        ("America/New_York", "2026-10-28T15:00:00-04:00", "2026-11-04T15:00:00-05:00"),
        # 02:30 does not exist a week later: the jump is the first instant that is past it.
        ("Europe/Berlin", "2026-03-22T02:30:00+01:00", "2026-03-29T03:00:00+02:00"),
        ("Asia/Tokyo", "2026-03-25T15:00:00+09:00", "2026-04-01T15:00:00+09:00"),
    ],
)
def test_a_week_later_it_is_the_same_hour(zone: str, due: str, later: str) -> None:
    """Seven days later the wall clock shows the same, whatever it did in between."""
    assert same_hour_later(at(due), 7, ZoneInfo(zone)) == at(later)


def test_without_a_night_it_is_never_quiet() -> None:
    """Equal ends mean none, and the end of none is now."""
    now = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    assert not is_quiet(now, UTC, QuietHours("00:00", "00:00"))
    assert quiet_ends(now, UTC, QuietHours("00:00", "00:00")) == now


ZONES = [
    "America/New_York",
    "Europe/Berlin",
    "Asia/Tokyo",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Africa/Cairo",
    "America/Havana",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
]
minutes = st.datetimes(min_value=datetime(2010, 1, 1), max_value=datetime(2028, 1, 1)).map(  # noqa: DTZ001 - UTC is added
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC)
)
clocks = st.times().map(lambda clock: f"{clock:%H:%M}")


@given(zone=st.sampled_from(ZONES), now=minutes, start=clocks, end=clocks)
def test_the_end_of_a_night_is_the_first_minute_outside(
    zone: str, now: datetime, start: str, end: str
) -> None:
    """What is worked out is what a minute-by-minute walk would find, in zones that jump by 30 minutes to a day."""
    hours, place = QuietHours(start, end), ZoneInfo(zone)
    ends = quiet_ends(now, place, hours)
    if not is_quiet(now, place, hours):
        assert ends == now
        return
    assert not is_quiet(ends, place, hours)
    walked = now
    while walked < ends:
        assert is_quiet(walked, place, hours)
        walked += 7 * MINUTE
    assert is_quiet(ends - MINUTE, place, hours)


@given(zone=st.sampled_from(ZONES), now=minutes)
def test_before_a_days_first_instant_it_is_another_day(zone: str, now: datetime) -> None:
    """At the next midnight it is a later day than now, and a minute before it is not."""
    place = ZoneInfo(zone)
    midnight = next_midnight(now, place)
    assert midnight > now
    assert local_day(midnight, place) > local_day(now, place)
    assert local_day(midnight - MINUTE, place) == local_day(now, place)
