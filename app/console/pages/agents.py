"""The page of the agents: who decides what, whether it may, and the switches."""

from __future__ import annotations

from app.console.frame_values import Frame
from app.console.operator_values import AgentsView
from app.console.pages import wording
from app.console.pages.templating import page


def render(view: AgentsView, frame: Frame) -> str:
    """The whole page."""
    return page(
        "agents.html.jinja",
        frame,
        title="Agents",
        notes=view.notes,
        view=view,
        kinds=wording.KIND_OF_OUTCOME,
        endings=wording.ENDING,
    )
