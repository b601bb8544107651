"""The page of one person: their time as a drawing and in words, how they stand, and what may be done."""

from __future__ import annotations

from app.console.frame_values import Frame
from app.console.pages import wording
from app.console.pages.clock import Clock, span
from app.console.pages.person_drawing import now_at, person_drawing
from app.console.pages.person_story import story
from app.console.pages.person_window import window_of, zooms
from app.console.pages.templating import page as rendered
from app.console.pages.templating import person_path, query_of, with_query
from app.console.values import HIDDEN, PersonView


def render(view: PersonView, frame: Frame) -> str:
    """The whole page; `from` and `to` in the path's query choose what is drawn, `all` shows the whole past."""
    clock = Clock(view.zone, frame.now)
    window = window_of(view, frame.path)
    base = person_path(view.user_id)
    known = view.profile.name if view.profile is not None else ""
    return rendered(
        "person.html.jinja",
        frame,
        title=view.user_id,
        zone=view.zone,
        notes=view.notes,
        view=view,
        name=known if known and known != HIDDEN else "",
        base=base,
        drawing=person_drawing(view, window, clock),
        now_x=now_at(window, clock),
        zooms=zooms(view, frame.path, window),
        story=story(view, clock, everything=query_of(frame.path).get("all") == "1"),
        legend=wording.DRAWN,
        ending=wording.ending,
        span=span,
        toggled=with_query(frame.path, show=None if view.shown else "text"),
        everything=with_query(frame.path, all="1"),
    )
