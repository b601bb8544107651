"""The page of a search."""

from __future__ import annotations

from app.console.frame_values import Frame
from app.console.operator_values import SearchView
from app.console.pages.templating import page


def render(view: SearchView, frame: Frame) -> str:
    """The whole page."""
    return page("search.html.jinja", frame, title="Search", notes=view.notes, view=view)
