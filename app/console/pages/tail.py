"""The live page: what comes by on the topics, latest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from app.console.frame_values import Frame
from app.console.operator_values import TailLine, TailView
from app.console.pages import wording
from app.console.pages.clock import Clock
from app.console.pages.templating import ENVIRONMENT, page, with_query
from topics.dead_letters import DEAD_LETTER
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.user_events import USER_EVENTS

TOPICS = (USER_EVENTS.name, NUDGE_PASS.name, NUDGE_OUTCOME.name, NUDGES.name, DEAD_LETTER.name)
KINDS: Mapping[str, str] = MappingProxyType(
    {
        **wording.KIND_OF_EVENT,
        **wording.KIND_OF_OUTCOME,
        "nudge": "sent",
        "recall": "recalled",
        "pass": "pass",
        "paused": "deferred",
        "resumed": "receipt",
        "dead_letter": "dead",
    }
)
"""The mark of each kind of line; others are events."""


def render(view: TailView, frame: Frame) -> str:
    """The whole page; a browser with scripts lets lines in as they come."""
    return page(
        "tail.html.jinja",
        frame,
        title="Live",
        notes=view.notes,
        view=view,
        topics=TOPICS,
        rows=lines(view.lines, now=Clock("UTC", view.now)),
        stream=with_query("/tail/stream", topic=view.topic or None, user=view.user_id or None),
    )


def lines(shown: Sequence[TailLine], *, now: Clock | None = None) -> str:
    """Only the rows of the table; without `now` days are named as the first line sees them."""
    if not shown:
        return ""
    clock = now or Clock("UTC", shown[0].at)
    return ENVIRONMENT.get_template("tail_lines.html.jinja").render(lines=shown, clock=clock, kinds=KINDS)
