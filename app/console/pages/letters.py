"""The page of the dead letters: what could not be understood, and why."""

from __future__ import annotations

from app.console.frame_values import Frame
from app.console.operator_values import LettersView
from app.console.pages.templating import page


def render(view: LettersView, frame: Frame) -> str:
    """The whole page."""
    return page("letters.html.jinja", frame, title="Dead letters", notes=view.notes, view=view)
