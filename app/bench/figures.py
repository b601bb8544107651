"""What a benchmark found: medians over interleaved rounds, and what they are held against."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec


class Goal(msgspec.Struct, frozen=True):
    """What a median must reach."""

    relation: Literal["at least", "at most"]
    value: float

    def met(self, value: float) -> bool:
        """Whether the value reaches it."""
        return value >= self.value if self.relation == "at least" else value <= self.value

    def __str__(self) -> str:
        return f"{self.relation} {self.value:g}"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of a benchmark, over its rounds; a ratio is a figure whose unit is `x`."""

    bench: str
    measure: str
    unit: str
    median: float
    least: float
    most: float
    rounds: int
    goal: Goal | None = None
    met: bool | None = None
    note: str = ""


def figure(
    bench: str, measure: str, unit: str, values: Sequence[float], *, goal: Goal | None = None, note: str = ""
) -> Figure:
    """The rounds' values as one figure."""
    median = statistics.median(values)
    return Figure(
        bench=bench,
        measure=measure,
        unit=unit,
        median=median,
        least=min(values),
        most=max(values),
        rounds=len(values),
        goal=goal,
        met=None if goal is None else goal.met(median),
        note=note,
    )


def ratio(
    bench: str,
    measure: str,
    values: Sequence[float],
    against: Sequence[float],
    *,
    goal: Goal | None = None,
    note: str = "",
) -> Figure:
    """Each round's value against the same round's: what slows the machine for a while slows both."""
    each = [one / other for one, other in zip(values, against, strict=True)]
    return figure(bench, measure, "x", each, goal=goal, note=note)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is to be made; `say` tells whoever waits what is being done."""

    say: Callable[[str], None]
    rounds: int = 3
    scale: float = 1.0

    def scaled(self, count: int, *, least: int = 1) -> int:
        """A count for this run: `--scale 0.1` is a quick try, whose figures mean little."""
        return max(least, int(count * self.scale))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def of(rounds: Sequence[Mapping[str, float]], name: str) -> list[float]:
    """One measure of all rounds."""
    return [one[name] for one in rounds]
