"""The same hour every week, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from agents.week import nearest_weekly, next_weekly

BERLIN, NEW_YORK, APIA = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")
SATURDAY, SUNDAY, FRIDAY = 5, 6, 4


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_it_is_five_on_both_sides_of_a_change_of_the_clock() -> None:
    """Summer time begins between the item and Sunday 17:00: it is still 17:00 on the wall."""
    assert next_weekly(utc("2026-03-25T12:00+01:00"), SUNDAY, "17:00", BERLIN) == utc(
        "2026-03-29T17:00+02:00"
    )
    assert next_weekly(utc("2026-10-21T12:00+02:00"), SUNDAY, "17:00", BERLIN) == utc(
        "2026-10-25T17:00+01:00"
    )


def test_it_is_strictly_after() -> None:
    """On the hour itself the next one is a week away; a microsecond before, it is now."""
    hour = utc("2026-03-01T17:00+01:00")
    assert next_weekly(hour, SUNDAY, "17:00", BERLIN) == hour + timedelta(days=7)
    assert next_weekly(hour - timedelta(microseconds=1), SUNDAY, "17:00", BERLIN) == hour


def test_an_hour_that_does_not_exist_is_the_first_instant_past_it() -> None:
    """02:30 on the night summer time begins is the instant at which the clock jumps to 03:00."""
    assert next_weekly(utc("2026-03-25T12:00+01:00"), SUNDAY, "02:30", BERLIN) == utc(
        "2026-03-29T03:00+02:00"
    )


def test_an_hour_that_comes_twice_is_the_first_of_the_two() -> None:
    """02:30 on the night summer time ends is the one in summer time; the second is not another week."""
    first = utc("2026-10-25T02:30+02:00")
    assert next_weekly(utc("2026-10-21T12:00+02:00"), SUNDAY, "02:30", BERLIN) == first
    assert next_weekly(first, SUNDAY, "02:30", BERLIN) == utc("2026-11-01T02:30+01:00")


def test_a_day_that_was_skipped_ends_where_the_next_begins() -> None:
    """Samoa had no Friday 30 December 2011: its 17:00 is the first instant of Saturday."""
    assert next_weekly(utc("2011-12-27T12:00-10:00"), FRIDAY, "17:00", APIA) == utc("2011-12-31T00:00+14:00")


def test_the_nearest_one_is_of_the_same_week_in_another_zone() -> None:
    """Sunday 17:00 in Berlin is nearest to that of the same Sunday in New York, and the other way round."""
    berlin, new_york = utc("2026-02-08T17:00+01:00"), utc("2026-02-08T17:00-05:00")
    assert nearest_weekly(berlin, SUNDAY, "17:00", NEW_YORK) == new_york
    assert nearest_weekly(new_york, SUNDAY, "17:00", BERLIN) == berlin


@given(
    st.datetimes(
        datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone
        datetime(2037, 1, 1),  # noqa: DTZ001 - as above
        timezones=st.just(UTC),
    ),
    st.integers(0, 6),
    st.times(),
    st.sampled_from(
        ["Europe/Berlin", "America/Halifax", "Pacific/Apia", "Africa/Cairo", "Australia/Lord_Howe"]
    ),
)
def test_it_is_within_eight_days_and_not_before_its_hour(
    after: datetime, weekday: int, clock: object, name: str
) -> None:
    """The next one is after, at most a week and a jump away, and never before its wall-clock hour."""
    at, zone = str(clock)[:5], ZoneInfo(name)
    found = next_weekly(after, weekday, at, zone)
    local = found.astimezone(zone)
    assert after < found <= after + timedelta(days=9)
    assert local.strftime("%H:%M") >= at or local.weekday() != weekday
