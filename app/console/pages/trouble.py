"""The page that says what cannot be shown or done, and what to do."""

from __future__ import annotations

from app.console.frame_values import Frame, Trouble
from app.console.pages.templating import page


def render(trouble: Trouble, frame: Frame) -> str:
    """The whole page; one that may help itself in a moment is asked for again by itself."""
    return page("trouble.html.jinja", frame, title=f"{trouble.status}", notes=trouble.notes, trouble=trouble)
