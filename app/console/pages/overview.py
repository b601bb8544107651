"""The overview: what is planned, what was said and what was not, whether the ledger balances, and the model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from app.console.frame_values import Frame
from app.console.overview_values import Decided, Overview
from app.console.pages import wording
from app.console.pages.clock import Clock, span
from app.console.pages.overview_drawing import agents_of, colour, cost_drawing, hours_drawing, planned_drawing
from app.console.pages.templating import page

SOONEST = 8


class Reasons(msgspec.Struct, frozen=True):
    """How the plans of one agent ended in the last week, the most frequent way first."""

    agent: str
    total: int
    rows: tuple[tuple[Decided, str, float], ...]
    """Each with its mark, and its share of the longest bar."""


def render(view: Overview, frame: Frame) -> str:
    """The whole page."""
    clock = Clock("UTC", frame.now)
    ended: dict[str, int] = {}
    for each in view.decisions:
        ended[each.outcome] = ended.get(each.outcome, 0) + each.last_day
    return page(
        "overview.html.jinja",
        frame,
        title="Overview",
        notes=view.notes,
        view=view,
        planned=planned_drawing(view.planned, clock),
        agents=agents_of(view.planned),
        colour=colour,
        hours=hours_drawing(view.hours, clock),
        cost=cost_drawing(view.cost),
        soonest=view.next[:SOONEST],
        reasons=_reasons(view),
        day=ended,
        kinds=wording.KIND_OF_OUTCOME,
        endings=wording.ENDING,
        seconds=lambda seconds: span(timedelta(seconds=seconds)) or "0 s",
        unanswered=_unanswered(view),
    )


def _reasons(view: Overview) -> list[Reasons]:
    by_agent: dict[str, list[Decided]] = {}
    for each in view.decisions:
        if each.last_week:
            by_agent.setdefault(each.agent, []).append(each)
    most = max((each.last_week for each in view.decisions), default=0) or 1
    groups = [
        Reasons(
            agent,
            sum(each.last_week for each in rows),
            tuple(
                (each, wording.KIND_OF_OUTCOME.get(each.outcome, "passed_over"), each.last_week / most)
                for each in sorted(rows, key=lambda each: (-each.last_week, each.outcome, each.reason))
            ),
        )
        for agent, rows in by_agent.items()
    ]
    return sorted(groups, key=lambda group: (-group.total, group.agent))


def _unanswered(view: Overview) -> Mapping[str, float]:
    """The share of questions that got no answer, by task."""
    return {
        each.task: (each.asked - each.answered) / each.asked if each.asked else 0.0 for each in view.model
    }
