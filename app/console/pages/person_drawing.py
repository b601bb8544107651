"""A person's time as one drawing: what happened, what was planned, what was said and what was not, up to now and on."""

from __future__ import annotations

from app.console.pages.axis import Axis
from app.console.pages.clock import Clock
from app.console.pages.drawing import Band, Drawing, Label, Line
from app.console.pages.person_lanes import decisions_lane, events_lane, passes_lane
from app.console.pages.person_plans import plans_lane
from app.console.pages.person_window import Window
from app.console.pages.templating import plural
from app.console.values import PersonView

WIDTH = 1200
LEFT, RIGHT = 96, 1188
HEAD = 30
GAP = 6


def person_drawing(view: PersonView, window: Window, clock: Clock) -> Drawing:
    """The drawing of one part of a person's time."""
    axis = Axis(start=window.start, end=window.end, left=LEFT, right=RIGHT, zone=clock.zone)
    tops: list[float] = [HEAD]
    happened, places = events_lane(view, axis, clock, tops[-1])
    tops.append(tops[-1] + happened.height + GAP)
    plans = plans_lane(view, axis, clock, tops[-1], places)
    tops.append(tops[-1] + plans.height + GAP)
    decided = decisions_lane(view, axis, clock, tops[-1])
    tops.append(tops[-1] + decided.height + GAP)
    looked = passes_lane(view, axis, tops[-1])
    bottom = tops[-1] + looked.height
    names = ("What happened", "Plans", "Said, or silent", "Looks")
    return Drawing(
        width=WIDTH,
        height=bottom,
        says=_says(view, clock, axis),
        bands=(*_ground(view, axis, clock, bottom), *plans.bands),
        lines=(*_rules(axis, clock, tops, bottom), *plans.lines, *looked.lines),
        marks=(*happened.marks, *plans.marks, *decided.marks),
        labels=(
            *(Label(0, top + 18, name, "lane") for name, top in zip(names, tops, strict=True)),
            *(
                Label(tick.x, 14, tick.words, "strong" if tick.today else "soft", "middle")
                for tick in axis.ticks(clock.now)
            ),
            *happened.labels,
            *plans.labels,
            *decided.labels,
        ),
    )


def now_at(drawing_window: Window, clock: Clock) -> float | None:
    """Where the line of now stands; None when it is not on the drawing."""
    axis = Axis(start=drawing_window.start, end=drawing_window.end, left=LEFT, right=RIGHT, zone=clock.zone)
    return axis.x(clock.now) if axis.inside(clock.now) else None


def _ground(view: PersonView, axis: Axis, clock: Clock, bottom: float) -> list[Band]:
    bands = []
    if clock.now < axis.end:
        x = axis.x(clock.now)
        bands.append(Band(x, 22, RIGHT - x, bottom - 22, "d-later"))
    if view.profile is not None:
        quiet = view.profile.quiet_hours
        says = f"quiet hours {quiet.start} to {quiet.end}"
        bands += [
            Band(start, 22, round(end - start, 1), bottom - 22, "d-night", says)
            for start, end in axis.nights(quiet)
        ]
    return bands


def _rules(axis: Axis, clock: Clock, tops: list[float], bottom: float) -> list[Line]:
    ticks = axis.ticks(clock.now)
    days = " ".join(f"M{tick.x},22 V{bottom}" for tick in ticks if tick.day)
    hours = " ".join(f"M{tick.x},22 V{bottom}" for tick in ticks if not tick.day)
    lanes = " ".join(f"M0,{top - GAP / 2} H{WIDTH}" for top in tops[1:])
    return [Line(d, css) for d, css in ((hours, "d-rule"), (days, "d-day"), (lanes, "d-rule")) if d]


def _says(view: PersonView, clock: Clock, axis: Axis) -> str:
    events = sum(not event.ours and axis.inside(event.at) for event in view.events)
    closed = [plan for plan in view.plans if plan.closed_at is not None and axis.inside(plan.closed_at)]
    spoke = sum(plan.outcome == "nudged" for plan in closed)
    silent = sum(plan.silent for plan in closed)
    struck = sum(plan.outcome == "revoked" for plan in closed)
    return (
        f"From {clock.said(axis.start)} to {clock.said(axis.end)}: {plural(events, 'event')}, "
        f"{plural(spoke, 'message')} sent, {plural(silent, 'silence')}, {plural(struck, 'plan')} struck out, "
        f"{plural(len(view.open_plans), 'plan')} open. The list below tells each of them."
    )
