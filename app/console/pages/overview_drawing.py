"""The overview's drawings: what comes due on which day, and what was said and what was not, hour by hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from app.console.overview_values import CostDay, Hour, PlannedDay
from app.console.pages.clock import Clock
from app.console.pages.drawing import Band, Drawing, Label, Line
from app.console.pages.templating import plural

_COLOURS: Mapping[str, str] = MappingProxyType(
    {"follow_up": "a1", "calendar": "a2", "digest": "a3", "re_engagement": "a4", "curiosity": "a5"}
)
_OTHER = "a6"
WIDTH, LEFT, RIGHT = 760.0, 34.0, 752.0
_PLANNED_HEIGHT, _HOURS_HEIGHT, _COST_HEIGHT = 230.0, 210.0, 130.0


def colour(agent: str) -> str:
    """The colour of an agent in every drawing; those that are not among the five share one."""
    return _COLOURS.get(agent, _OTHER)


def agents_of(days: Sequence[PlannedDay]) -> list[str]:
    """Who plans something, the five in their own order first."""
    names = {agent for day in days for agent, count in day.by_agent.items() if count}
    return sorted(names, key=lambda name: (colour(name), name))


def planned_drawing(days: Sequence[PlannedDay], clock: Clock) -> Drawing:
    """One column a day, in parts by agent; what is overdue stands first."""
    bottom, top = _PLANNED_HEIGHT - 24, 22.0
    most = _ceiling(max((day.total for day in days), default=0))
    each = (RIGHT - LEFT) / max(len(days), 1)
    bands: list[Band] = []
    labels = [*_scale(most, bottom, top)]
    agents = agents_of(days)
    today = clock.now.date()
    for number, day in enumerate(days):
        x = LEFT + number * each + each * 0.14
        y = bottom
        overdue = day.day < today
        name = "overdue" if overdue else f"{day.day:%a} {day.day.day}"
        for agent in agents:
            count = day.by_agent.get(agent, 0)
            if not count:
                continue
            height = count / most * (bottom - top)
            y -= height
            says = f"{name}: {plural(count, 'plan')} of {agent}"
            place = round(x, 1), round(y, 1), round(each * 0.72, 1), round(max(height - 1, 1), 1)
            bands.append(Band(*place, f"s-{colour(agent)}", says, 1.5))
        middle = round(x + each * 0.36, 1)
        css = "k-failed" if overdue else "strong" if day.day == today else "soft"
        labels.append(Label(middle, bottom + 16, name, css, "middle"))
        if day.total:
            labels.append(Label(middle, round(y - 5, 1), f"{day.total:,}", "strong", "middle"))
    return Drawing(
        width=WIDTH,
        height=_PLANNED_HEIGHT,
        says=f"{plural(sum(day.total for day in days), 'plan')} by day and agent; the table below has the figures.",
        bands=tuple(bands),
        lines=(Line(f"M{LEFT},{bottom} H{RIGHT}", "d-day"),),
        labels=tuple(labels),
    )


def hours_drawing(hours: Sequence[Hour], clock: Clock) -> Drawing:
    """Messages go up from the line, silences and struck out plans go down from it, on one scale."""
    up = max((hour.nudges for hour in hours), default=0)
    down = max((hour.silences + hour.revoked for hour in hours), default=0)
    most = _ceiling(max(up, down))
    middle = 22 + (_HOURS_HEIGHT - 46) / 2
    unit = (_HOURS_HEIGHT - 46) / 2 / most
    each = (RIGHT - LEFT) / max(len(hours), 1)
    bands: list[Band] = []
    labels = [
        Label(LEFT, 12, "▲ said", "k-sent strong"),
        Label(LEFT, _HOURS_HEIGHT - 8, "▼ not said", "k-silent strong"),
        Label(LEFT - 6, 26, f"{most:,}", "soft", "end"),
        Label(LEFT - 6, _HOURS_HEIGHT - 22, f"{most:,}", "soft", "end"),
    ]
    ticks = []
    for number, hour in enumerate(hours):
        x, width = round(LEFT + number * each + 1, 1), round(each - 2, 1)
        name = f"{clock.day(hour.at)} {clock.hour(hour.at)}"
        for count, y, kind, says in (
            (hour.nudges, middle - hour.nudges * unit, "sent", "message"),
            (hour.silences, middle, "silent", "silence"),
            (hour.revoked, middle + hour.silences * unit, "struck", "struck out plan"),
        ):
            if count:
                height = round(max(count * unit - 1, 1), 1)
                bands.append(
                    Band(x, round(y, 1), width, height, f"s-{kind}", f"{name}: {plural(count, says)}", 1.5)
                )
        local = clock.local(hour.at)
        if not local.hour % 6:
            ticks.append(f"M{x},{middle - 4} V{middle + 4}")
            words = clock.day(hour.at) if not local.hour else f"{local:%H:%M}"
            labels.append(
                Label(x, 12 if number > 4 else -50, words, "strong" if not local.hour else "soft", "middle")
            )
    said, silent = sum(hour.nudges for hour in hours), sum(hour.silences for hour in hours)
    return Drawing(
        width=WIDTH,
        height=_HOURS_HEIGHT,
        says=f"{plural(said, 'message')} and {plural(silent, 'silence')} in {plural(len(hours), 'hour')}.",
        bands=tuple(bands),
        lines=(Line(f"M{LEFT},{middle} H{RIGHT}", "d-day"), Line(" ".join(ticks) or "M0,0", "d-day")),
        labels=tuple(labels),
    )


def cost_drawing(days: Iterable[CostDay]) -> Drawing:
    """One column a day: dollars where they are known for all days, else calls of the model."""
    shown = sorted(days, key=lambda day: day.day)
    priced = any(day.usd is not None for day in shown)
    values = [(day.usd or 0.0) if priced else float(day.model_calls) for day in shown]
    most = max([*values, 0.0]) or 1.0
    bottom, top = _COST_HEIGHT - 22, 20.0
    width = 400.0
    each = width / max(len(shown), 1)
    bands, labels = [], []
    for number, (day, value) in enumerate(zip(shown, values, strict=True)):
        height = round(value / most * (bottom - top), 1)
        x = round(number * each + each * 0.15, 1)
        words = f"${value:,.2f}" if priced else f"{value:,.0f}"
        if value:
            bands.append(
                Band(x, round(bottom - height, 1), round(each * 0.7, 1), height, "s-plan", words, 1.5)
            )
            labels.append(
                Label(round(x + each * 0.35, 1), round(bottom - height - 5, 1), words, "strong", "middle")
            )
        labels.append(
            Label(round(x + each * 0.35, 1), bottom + 15, f"{day.day:%a} {day.day.day}", "soft", "middle")
        )
    unit = "Dollars" if priced else "Calls of the model"
    return Drawing(
        width=width,
        height=_COST_HEIGHT,
        says=f"{unit} by day; the table below has the figures.",
        bands=tuple(bands),
        lines=(Line(f"M0,{bottom} H{width}", "d-day"),),
        labels=tuple(labels),
    )


def _scale(most: int, bottom: float, top: float) -> list[Label]:
    return [
        Label(LEFT - 6, top + 4, f"{most:,}", "soft", "end"),
        Label(LEFT - 6, bottom + 4, "0", "soft", "end"),
    ]


def _ceiling(most: int) -> int:
    """The next round number, so that the scale of a drawing does not change with every plan."""
    factor = 1
    while True:
        for step in (2, 3, 4, 5, 6, 8, 10):
            if step * factor >= most:
                return step * factor
        factor *= 10
