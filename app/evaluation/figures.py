"""Shares and scores with their intervals."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from typing import TypeVar

import msgspec

Z = 1.959964  # 95 %, two-sided
RESAMPLES = 1_000
SEED = 1

One = TypeVar("One")
Found = TypeVar("Found")


class Share(msgspec.Struct, frozen=True):
    """`count` of `of`, and the interval in which the true share lies with 95 % (Wilson)."""

    count: int
    of: int
    share: float | None
    low: float
    high: float


def share(count: int, of: int) -> Share:
    """A share of nothing says nothing: None, between 0 and 1."""
    if not of:
        return Share(0, 0, None, 0.0, 1.0)
    p, scale = count / of, 1 + Z * Z / of
    middle = (p + Z * Z / (2 * of)) / scale
    half = Z * sqrt(p * (1 - p) / of + Z * Z / (4 * of * of)) / scale
    return Share(count, of, p, max(0.0, middle - half), min(1.0, middle + half))


class Score(msgspec.Struct, frozen=True):
    """A figure over cases, and the interval between the 2.5th and 97.5th percentile of 1,000 resamples of them."""

    value: float
    low: float
    high: float


def score(cases: Sequence[One], figure: Callable[[Sequence[One]], float]) -> Score:
    """A figure of these cases; the resamples are the same in every run."""
    chance = random.Random(SEED)
    again = sorted(figure(chance.choices(cases, k=len(cases))) for _ in range(RESAMPLES)) if cases else [0.0]
    last = len(again) - 1
    return Score(figure(cases), again[round(last * 0.025)], again[round(last * 0.975)])


def grouped(
    some: Sequence[One], by: Callable[[One], str], figures: Callable[[Iterable[One]], Found]
) -> dict[str, Found]:
    """The same figures for each group, in the order of the groups' names."""
    return {
        name: figures(one for one in some if by(one) == name) for name in sorted({by(one) for one in some})
    }
