"""The page of one dead letter: to look at, to mend and to send again."""

from __future__ import annotations

from app.console.frame_values import Frame
from app.console.operator_values import LetterView
from app.console.pages.templating import page, with_query


def render(view: LetterView, frame: Frame) -> str:
    """The whole page."""
    return page(
        "letter.html.jinja",
        frame,
        title=f"Dead letter {view.partition}@{view.offset}",
        view=view,
        base=f"/dead-letters/{view.partition}/{view.offset}",
        toggled=with_query(frame.path, show=None if view.shown else "text"),
    )
