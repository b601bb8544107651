"""The page between a click and what cannot be taken back."""

from __future__ import annotations

from app.console.frame_values import Asked, Frame
from app.console.pages.templating import page


def render(asked: Asked, frame: Frame) -> str:
    """The whole page."""
    return page("confirm.html.jinja", frame, title=asked.question, asked=asked)
