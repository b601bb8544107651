"""Which part of a person's time is drawn: what somebody asked for, or what shows most."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from app.console.pages.clock import utc
from app.console.pages.templating import query_of, with_query
from app.console.values import PersonView

SHORTEST = timedelta(minutes=10)
LONGEST = timedelta(days=800)
_BACK = timedelta(days=7)
"""How much of the past is drawn by itself: a week, as the policy's longest delays."""
_AHEAD, _AHEAD_AT_LEAST = 1.2, timedelta(days=2)
"""How much of the future at most, by the length of the past that is drawn: what is further ahead stands in the list."""
_AIR = 0.035
"""Of the whole, left free at both ends."""


class Window(msgspec.Struct, frozen=True):
    """From when to when."""

    start: datetime
    end: datetime


class Zoom(msgspec.Struct, frozen=True):
    """A link to another part of the same person's time."""

    words: str
    path: str


def window_of(view: PersonView, path: str) -> Window:
    """What the page's `from` and `to` ask for, as far as they make sense."""
    query = query_of(path)
    usual = _usual(view)
    start, end = _at(query.get("from", "")) or usual.start, _at(query.get("to", "")) or usual.end
    if not SHORTEST <= end - start <= LONGEST:
        return usual
    return Window(start, end)


def zooms(view: PersonView, path: str, window: Window) -> list[Zoom]:
    """Earlier, later, and some lengths around now."""
    length = window.end - window.start

    def to(words: str, start: datetime, end: datetime) -> Zoom:
        return Zoom(words, with_query(path, **{"from": utc(start), "to": utc(end)}))

    lengths = (("Day", timedelta(days=1)), ("Week", timedelta(days=7)), ("Month", timedelta(days=30)))
    return [
        to("Earlier", window.start - length / 2, window.end - length / 2),
        to("Later", window.start + length / 2, window.end + length / 2),
        *(to(words, view.now - each * 0.6, view.now + each * 0.4) for words, each in lengths),
        Zoom("Fit", with_query(path, **{"from": None, "to": None})),
    ]


def _usual(view: PersonView) -> Window:
    """All that is known when it is little; else the last week, or the last of what there is, and what is planned."""
    past = sorted(
        (
            *(event.at for event in view.events if event.at <= view.now),
            *(plan.opened_at for plan in view.plans),
            *(said.at for said in view.said if said.at <= view.now),
        )
    )
    recent = [at for at in past if at >= view.now - _BACK]
    first = (recent or past[-10:] or [view.now])[0]
    if past and view.now - past[0] <= _BACK * 1.5:
        first = past[0]
    ahead = [at for plan in view.open_plans for at in (plan.due_at, plan.looked_at_next) if at is not None]
    ends = [plan.expires_at for plan in view.open_plans if plan.expires_at is not None]
    gone = [struck.due_at for struck in view.struck if struck.due_at > view.now]
    last = max((view.now, *ahead, *gone))
    if ends:  # the window in which it may still be said, as far as it does not push the rest aside
        last = max(last, min(max(ends), last + (last - first) * 0.25))
    last = min(last, view.now + max((view.now - first) * _AHEAD, _AHEAD_AT_LEAST))
    length = max(last - first, timedelta(hours=6))
    return Window(first - length * _AIR, first + length * (1 + _AIR))


def _at(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
