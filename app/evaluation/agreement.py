"""How far two labellers agree about the same cases, beyond what chance would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal

import msgspec

from app.evaluation.cases import Case, Label
from app.evaluation.figures import Share, share

State = Literal["open", "settled", "postponed", "muted", "either"]
A_DAY = timedelta(days=1)


class Differs(msgspec.Struct, frozen=True):
    """An intent about which the two say different things."""

    case: str
    intent: str
    first: State
    second: State


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Over the cases that both have labelled.

    `same`: intents about which they say the same; `kappa`: the same beyond chance (Cohen), 1 where all is the same.
    `closing`: those about which they agree whether it is over, leaving out what either of them left undecided.
    `days`: of the plans that both put off to a day, how many to the same, within one.
    """

    cases: int
    intents: int
    same: Share
    kappa: float
    closing: Share
    days: Share
    differences: tuple[Differs, ...]


def agreement(cases: Sequence[Case], first: Mapping[str, Label], second: Mapping[str, Label]) -> Agreement:
    """Compare two sets of labels, intent by intent."""
    both = [case for case in cases if case.id in first and case.id in second]
    pairs = [
        (case.id, one.id, state(first[case.id], one.id), state(second[case.id], one.id))
        for case in both
        for one in case.intents
    ]
    decided = [(a, b) for _, _, a, b in pairs if "either" not in {a, b}]
    days = [
        abs(day - other) <= A_DAY
        for case in both
        for name, day in first[case.id].postponed.items()
        if day is not None and (other := second[case.id].postponed.get(name)) is not None
    ]
    same = sum(a == b for _, _, a, b in pairs)
    return Agreement(
        cases=len(both),
        intents=len(pairs),
        same=share(same, len(pairs)),
        kappa=kappa([(a, b) for _, _, a, b in pairs]),
        closing=share(sum(_is_over(a) == _is_over(b) for a, b in decided), len(decided)),
        days=share(sum(days), len(days)),
        differences=tuple(Differs(*pair) for pair in pairs if pair[2] != pair[3]),
    )


def state(label: Label, intent: str) -> State:
    """What a label says of an intent."""
    if intent in label.either:
        return "either"
    if intent in label.muted:
        return "muted"
    if intent in label.settled:
        return "settled"
    return "postponed" if intent in label.postponed else "open"


def _is_over(said: State) -> bool:
    return said in {"settled", "muted"}


def kappa(pairs: Sequence[tuple[State, State]]) -> float:
    """Cohen's kappa: 0 is what two who label at random by their own habits would reach."""
    if not pairs:
        return 1.0
    observed = sum(a == b for a, b in pairs) / len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    expected = sum(first[name] * second[name] for name in first) / len(pairs) ** 2
    return 1.0 if expected == 1 else (observed - expected) / (1 - expected)
