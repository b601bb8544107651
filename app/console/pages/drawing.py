"""What a drawing is made of: places and words, in the order of painting; a template turns them into SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

Thing = TypeVar("Thing")


class Band(msgspec.Struct, frozen=True):
    """A filled rectangle; `says` is its tooltip."""

    x: float
    y: float
    width: float
    height: float
    css: str
    says: str = ""
    radius: float = 0


class Line(msgspec.Struct, frozen=True):
    """A path; with `arrow` its end has a head."""

    d: str
    css: str
    arrow: bool = False


class Label(msgspec.Struct, frozen=True):
    """Words at a place; `more` goes on behind them in a softer tone."""

    x: float
    y: float
    words: str
    css: str = ""
    anchor: str = "start"
    more: str = ""
    more_css: str = "soft"
    href: str = ""


class Mark(msgspec.Struct, frozen=True):
    """A sign from the sheet of glyphs, or with `count` a pill that stands for so many of them."""

    x: float
    y: float
    kind: str
    says: str
    href: str
    size: float = 16
    count: int = 0


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A whole drawing, bottom up."""

    width: float
    height: float
    says: str
    """The drawing in one sentence, for who cannot see it; the facts stand in the list that goes with it."""
    bands: tuple[Band, ...] = ()
    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()
    labels: tuple[Label, ...] = ()


class Item(msgspec.Struct, Generic[Thing], frozen=True):
    """Something that wants a place in a lane: where, and how much room its words take."""

    x: float
    room: float
    thing: Thing


class Placed(msgspec.Struct, Generic[Thing], frozen=True):
    """Where it found one: which level from the bottom, with its words or without; or together with others."""

    x: float
    level: int
    things: tuple[Thing, ...]
    worded: bool


def packed(items: Iterable[Item[Thing]], *, levels: int, mark: float, right: float) -> list[Placed[Thing]]:
    """Lay things in a lane of a few levels so that none covers another; what finds no room is counted together."""
    ends = [float("-inf")] * levels
    placed: list[Placed[Thing]] = []
    crowd: list[Item[Thing]] = []

    def gathered() -> None:
        if crowd:
            placed.append(Placed(crowd[0].x, levels, tuple(item.thing for item in crowd), worded=False))
            crowd.clear()

    for item in sorted(items, key=lambda item: item.x):
        if crowd and item.x - crowd[0].x < 2 * mark:
            crowd.append(item)
            continue
        gathered()
        wordy = mark + item.room
        free = [level for level in range(levels) if ends[level] + 4 <= item.x - mark / 2]
        if not free:
            crowd.append(item)
            continue
        level = free[0]
        worded = bool(item.room) and item.x + wordy <= right
        ends[level] = item.x + (wordy if worded else mark / 2)
        placed.append(Placed(item.x, level, (item.thing,), worded))
    gathered()
    return placed


def stacked(
    items: Iterable[Item[Thing]], rank: Callable[[Thing], int], *, levels: int, mark: float
) -> list[Placed[Thing]]:
    """Lay a crowd in columns as wide as a counting pill: the most important of each are shown, the rest is counted."""
    columns: dict[int, list[Item[Thing]]] = {}
    for item in sorted(items, key=lambda item: item.x):
        columns.setdefault(int(item.x // (mark * 1.5)), []).append(item)
    placed: list[Placed[Thing]] = []
    for column, crowd in columns.items():
        x = round((column + 0.5) * mark * 1.5, 1)
        best = sorted(crowd, key=lambda item: rank(item.thing))
        shown = best if len(best) <= levels else best[: levels - 1]
        placed += [Placed(x, level, (item.thing,), worded=False) for level, item in enumerate(shown)]
        if len(shown) < len(best):
            rest = sorted(best[len(shown) :], key=lambda item: item.x)
            placed.append(Placed(x, levels - 1, tuple(item.thing for item in rest), worded=False))
    return placed
