"""How drawings are laid out: the axis, the lanes, the columns."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.console.overview_values import Hour, PlannedDay
from app.console.pages.axis import Axis
from app.console.pages.clock import Clock, span
from app.console.pages.drawing import Item, packed, stacked
from app.console.pages.overview_drawing import hours_drawing, planned_drawing
from topics.user_events import QuietHours

NOW = datetime(2026, 3, 6, 10, 30, tzinfo=UTC)


def axis(start: datetime, length: timedelta, zone: str = "Europe/Madrid") -> Axis:
    return Axis(start=start, end=start + length, left=100, right=1100, zone=zone)


def test_days_begin_at_local_midnight() -> None:
    """A week is named by its days, each at the person's own midnight, also where the clocks change."""
    drawn = axis(datetime(2026, 3, 26, tzinfo=UTC), timedelta(days=7))
    days = [tick for tick in drawn.ticks(NOW) if tick.day]
    assert [tick.words for tick in days][:4] == ["Fri 27 Mar", "Sat 28 Mar", "Sun 29 Mar", "Mon 30 Mar"]
    lengths = [round(b.x - a.x, 1) for a, b in pairwise(days)]
    hour = 1000 / (7 * 24)
    assert abs(lengths[2] - 23 * hour) < 0.2
    assert abs(lengths[1] - 24 * hour) < 0.2


def test_nights_are_the_persons_own() -> None:
    """Quiet hours over midnight are one band from evening to morning; equal ends mean none."""
    drawn = axis(datetime(2026, 3, 2, 23, tzinfo=UTC), timedelta(days=2))
    nights = drawn.nights(QuietHours("21:00", "09:00"))
    hour = 1000 / 48
    assert [(round((a - 100) / hour), round((b - 100) / hour)) for a, b in nights] == [
        (0, 9),
        (21, 33),
        (45, 48),
    ]
    assert drawn.nights(QuietHours("09:00", "09:00")) == []
    assert drawn.nights(QuietHours("13:00", "15:00"))[0] == (
        round(100 + 13 * hour, 1),
        round(100 + 15 * hour, 1),
    )


@given(
    minutes=st.integers(10, 800 * 24 * 60),
    zone=st.sampled_from(["UTC", "Europe/Madrid", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"]),
    hour=st.integers(0, 24 * 365),
)
def test_an_axis_of_any_length_has_names_that_do_not_touch(minutes: int, zone: str, hour: int) -> None:
    """From ten minutes to years, in any zone: ticks stand in order and as far apart as their words are long."""
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
    places = [tick.x for tick in axis(start, timedelta(minutes=minutes), zone).ticks(NOW)]
    assert places == sorted(places)
    # Where the clock goes forward by an hour, two ticks are nearer.
    gaps = sorted(b - a for a, b in pairwise(places))
    assert all(gap > 40 for gap in gaps[1:])
    assert len(places) <= 20


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.one_of(st.just(0.0), st.floats(10, 300))), max_size=120),
    st.integers(1, 7),
)
def test_in_a_lane_nothing_covers_anything(items: list[tuple[float, float]], levels: int) -> None:
    """Everything is placed once, and no sign or word stands on another of its level."""
    placed = packed(
        [Item(x, room, number) for number, (x, room) in enumerate(items)], levels=levels, mark=20, right=1100
    )
    assert sorted(thing for one in placed for thing in one.things) == list(range(len(items)))
    for level in range(levels + 1):
        row = sorted((one for one in placed if one.level == level), key=lambda one: one.x)
        for left, right in pairwise(row):
            words = items[left.things[0]][1] + 10 if left.worded else 0
            assert right.x - 10 >= left.x + words - 1e-6 or (level == levels and right.x - left.x >= 20)


@given(st.lists(st.tuples(st.floats(0, 1000), st.integers(0, 4)), max_size=200), st.integers(2, 5))
def test_of_a_crowd_the_most_important_is_seen(items: list[tuple[float, int]], levels: int) -> None:
    """Each thing is shown or counted near its place; none that is counted is more important than one beside it."""
    placed = stacked(
        [Item(x, 0.0, number) for number, (x, _) in enumerate(items)],
        lambda n: items[n][1],
        levels=levels,
        mark=20,
    )
    assert sorted(thing for one in placed for thing in one.things) == list(range(len(items)))
    assert len({(one.x, one.level) for one in placed}) == len(placed)
    for one in placed:
        assert all(abs(items[thing][0] - one.x) <= 15.1 for thing in one.things)
        if len(one.things) > 1:
            shown = [items[each.things[0]][1] for each in placed if each.x == one.x and len(each.things) == 1]
            assert max(shown, default=0) <= min(items[thing][1] for thing in one.things)


def test_a_column_is_as_high_as_its_plans() -> None:
    """What is drawn of a day adds up to its plans; overdue ones stand apart from today."""
    days = [
        PlannedDay(day=date(2026, 3, 5), by_agent={"follow_up": 3}),
        PlannedDay(day=date(2026, 3, 6), by_agent={"follow_up": 6, "digest": 6, "our_own": 8}),
    ]
    drawing = planned_drawing(days, Clock("UTC", NOW))
    bottom = drawing.height - 24
    heights = {band.says: bottom - 22 for band in drawing.bands}
    assert list(heights) == [
        "overdue: 3 plans of follow_up",
        "Fri 6: 6 plans of follow_up",
        "Fri 6: 6 plans of digest",
        "Fri 6: 8 plans of our_own",
    ]
    unit = (bottom - 22) / 20
    assert [round(band.height + 1) for band in drawing.bands] == [
        round(3 * unit),
        *(round(n * unit) for n in (6, 6, 8)),
    ]
    assert {label.words for label in drawing.labels} >= {"3", "20", "overdue", "Fri 6"}


def test_messages_go_up_and_silences_go_down_by_the_same_measure() -> None:
    """One message is as high as one silence."""
    hour = Hour(at=NOW, nudges=2, silences=2, revoked=1, recalls=0, asked=0, unanswered=0)
    up, down, struck = hours_drawing([hour], Clock("UTC", NOW)).bands
    assert up.height == down.height
    assert round(up.y + up.height + 1, 1) == down.y
    assert abs((struck.height + 1) * 2 - (down.height + 1)) < 0.3


def test_lengths_read_as_people_say_them() -> None:
    """Two parts at most, and nothing for nothing."""
    lengths = [
        timedelta(),
        timedelta(seconds=40),
        timedelta(minutes=12),
        timedelta(hours=2, minutes=5),
        timedelta(days=6, hours=21, minutes=9),
    ]
    assert [span(each) for each in lengths] == ["", "40 s", "12 min", "2 h 5 min", "6 d 21 h"]


def test_an_explanation_keeps_its_words_and_gets_the_pages_clock() -> None:
    """Times inside a sentence become the person's own; what stands around them is escaped."""
    told = Clock("Europe/Madrid", NOW).sentence("planned “<b>” for 2026-03-06 17:00:00Z, because")
    assert "“&lt;b&gt;”" in told
    assert ">today 18:00</time>" in told
