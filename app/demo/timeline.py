"""A story's facts as a page: each person's timeline in their own time, and a line from a cause to what it struck out.

Lines are rich texts of at most `WIDTH` columns; `.plain` is the same page without a terminal's help.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from types import MappingProxyType

import msgspec
from rich.text import Text

from app.demo.facts import Fact
from app.demo.people import People
from app.demo.screen import WIDTH
from app.scenario.story import Story, User

_MARKS: Mapping[str, str] = MappingProxyType(
    {
        "event": " ",
        "world": "!",
        "plan": "+",
        "moved": "»",
        "waits": "…",
        "held": "…",
        "struck": "✗",
        "sent": "●",
        "quiet": "○",
        "recalled": "↶",
    }
)
_STYLES: Mapping[str, str] = MappingProxyType(
    {
        "event": "",
        "world": "bold red",
        "plan": "cyan",
        "moved": "cyan",
        "waits": "blue",
        "held": "blue",
        "struck": "magenta",
        "sent": "bold green",
        "quiet": "bold yellow",
        "recalled": "bold magenta",
    }
)
_STRUCK = "strike dim cyan"
_LINK = "magenta"
_FAINT = "dim"

_DATE_COLUMNS = len(" Mon  2 Mar 18:00 ")
_LINK_COLUMNS = len("╰── ")
_HEADS: Mapping[str, str] = MappingProxyType({"╭": "─✗", "├": "─✗", "╰": "──"})
"""What goes on from the line to a plan that is struck out, and from the words that did it."""
_PLANNED = frozenset({"plan", "moved"})


class Link(msgspec.Struct, frozen=True):
    """From a sentence, or another event, up to the plans that it struck out; by their places among the facts."""

    cause: int
    plans: tuple[int, ...]


def page(story: Story, people: People, facts: Sequence[Fact], *, bare: bool) -> list[Text]:
    """All people of the story, one below the other; `bare` marks struck out words where nothing can strike them."""
    everybody = list(dict.fromkeys([*story.users, *(fact.user_id for fact in facts if fact.user_id)]))
    lines: list[Text] = []
    for user_id in everybody:
        theirs = [fact for fact in facts if fact.user_id in {user_id, ""}]
        if lines:
            lines.append(Text())
        lines += _head(story, people, user_id)
        lines += _timeline([people.seen_by(user_id, fact) for fact in theirs], bare=bare)
    return lines


def links(facts: Sequence[Fact]) -> list[Link]:
    """What struck out which plan, as far as both stand in this timeline."""
    places = {fact.place: n for n, fact in enumerate(facts) if fact.kind == "event"}
    found: dict[int, list[int]] = {}
    for fact in facts:
        if fact.kind != "struck" or fact.place not in places:
            continue
        cause = places[fact.place]
        planned = [n for n in _planned(facts, fact.intent_id) if n < cause]
        if planned:
            found.setdefault(cause, []).extend(planned)
    return [Link(cause, tuple(sorted(plans))) for cause, plans in sorted(found.items())]


def _planned(facts: Sequence[Fact], intent_id: str) -> list[int]:
    return [n for n, fact in enumerate(facts) if fact.kind in _PLANNED and fact.intent_id == intent_id]


def _head(story: Story, people: People, user_id: str) -> list[Text]:
    user = story.users.get(user_id) or User()
    hours = user.quiet_hours or story.policy.quiet_hours
    said = [f"{people.name(user_id)} in {people.city(user_id)}"]
    if hours.start != hours.end:
        said.append(f"quiet hours {hours.start}–{hours.end}")
    if user.consents:
        said.append(f"lets {'every agent' if '*' in user.consents else ' and '.join(user.consents)} write")
    return [Text(f" {line}", style="bold") for line in wrap(" · ".join(said), WIDTH - 1)]


def _timeline(facts: Sequence[Fact], *, bare: bool) -> Iterator[Text]:
    struck = {n for fact in facts if fact.kind == "struck" for n in _planned(facts, fact.intent_id)}
    drawn = _drawn(links(facts))
    day = ""
    for number, fact in enumerate(facts):
        date = f"{fact.at:%a} {fact.at.day:>2} {fact.at:%b}"
        style = _STRUCK if number in struck else _STYLES[fact.kind]
        said = f"~~{fact.text}~~" if bare and number in struck else fact.text
        rows = wrap(said, WIDTH - _DATE_COLUMNS - _LINK_COLUMNS) or [""]
        first, below = drawn.get(number, (" ", " "))
        mark = (
            first
            + _HEADS.get(first if number in struck or first == "╰" else "", f" {_MARKS[fact.kind]}")
            + " "
        )
        for row, words in enumerate(rows):
            line = Text(no_wrap=True)
            when = f" {date if date != day else '':10} {fact.at:%H:%M} " if row == 0 else " " * _DATE_COLUMNS
            line.append(when, _FAINT)
            line.append(mark if row == 0 else f"{below}   ", _LINK if first in _HEADS else style)
            line.append(words.replace("\u00a0", " "), style)
            yield line
        day = date


def _drawn(found: Sequence[Link]) -> dict[int, tuple[str, str]]:
    """What stands in the column of lines beside each fact, and beside the rest of its words; lines never cross."""
    drawn: dict[int, tuple[str, str]] = {}
    for link in found:
        first, last = link.plans[0], link.cause
        if any(n in drawn for n in range(first, last + 1)):
            continue
        for n in range(first, last):
            drawn[n] = ("├" if n in link.plans else "│", "│")
        drawn[first] = ("╭", "│")
        drawn[last] = ("╰", " ")
    return drawn
