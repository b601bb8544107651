"""How well it is read what is settled: false revocations and missed ones apart, by kind, language and confidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from app.core.asks import Reading, ReadingAnswer, Reply
from app.core.verdicts import REASONS
from app.evaluation.baselines import BASELINES
from app.evaluation.cases import UNNAMED, Case, Label
from app.evaluation.figures import Score, Share, score, share
from app.evaluation.language import told_by
from app.evaluation.situation import Came, Situation

Became = Literal["closed", "held", "open"]
A_DAY = timedelta(days=1)
"""How far a due time may be from the label's day: in the evening or late the next morning are both right."""
EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""The bounds of the calibration table; the last one is inside."""
THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One intent of one case: what a careful reader says, and what the worker did with it."""

    case: str
    intent: str
    kind: str
    language: str
    settled: bool
    became: Became
    verdict: str = ""
    """The surest verdict that the answer gave on it, whatever the worker made of it."""
    confidence: float | None = None
    reason: str = ""


class Figures(msgspec.Struct, frozen=True):
    """How a set of intents was judged.

    `false`: plans that are still open and were closed. `missed`: those that are over and were not, of which `stale`
    would have been sent and the others were held. `held_open`: open ones that were held for nothing.
    """

    false: Share
    missed: Share
    stale: int
    held_open: int


class Scored(msgspec.Struct, frozen=True):
    """The same over all cases, with precision, recall and their harmonic mean."""

    cases: int
    right: Share
    """Cases in which every intent became what it should."""
    figures: Figures
    precision: float
    recall: float
    f1: Score


class Bin(msgspec.Struct, frozen=True):
    """Closing verdicts of about one confidence, and how many of them were right."""

    low: float
    high: float
    right: Share


class AtThreshold(msgspec.Struct, frozen=True):
    """What the worker would do if a verdict counted from this confidence on."""

    sure: float
    false: int
    missed: int
    stale: int
    held_open: int
    f1: float


class Wishes(msgspec.Struct, frozen=True):
    """What is neither over nor simply open: plans that are put off, and those that are to be left alone.

    `put_off`: of those that should be, how many were; `on_the_day`: of these how many to the right day, within one;
    `moved_for_nothing`: of the others that stay open, how many were moved; `muted`: of those that the person does not
    want to hear of, how many were muted, and not merely closed.
    """

    put_off: Share
    on_the_day: Share
    moved_for_nothing: Share
    muted: Share


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that `tactful eval resolution` says."""

    instructions: str
    policy: str
    models: tuple[str, ...]
    cases: int
    labelled: int
    answered: int
    unusable: int
    """Answers outside their schema, refused or cut off: nothing is closed by them."""
    scored: Scored
    wishes: Wishes
    by_kind: Mapping[str, Figures]
    by_language: Mapping[str, Figures]
    confidence: tuple[Bin, ...]
    thresholds: tuple[AtThreshold, ...]
    baselines: Mapping[str, Scored]
    errors: tuple[Judged, ...]


def report(
    situation: Situation,
    cases: Sequence[Case],
    labels: Mapping[str, Label],
    answers: Mapping[str, Callable[[Reading], Reply]],
    *,
    instructions: str,
) -> Report:
    """Judge the answered cases that have a label; `answers` are by the case's id."""
    pairs = [(case, labels[case.id]) for case in cases if case.id in labels and case.id in answers]
    replies = {case.id: answers[case.id](situation.question(case)) for case, _ in pairs}

    def judged_at(where: Situation) -> list[list[Judged]]:
        return [_judged(where, case, label, replies[case.id]) for case, label in pairs]

    judged = judged_at(situation)
    flat = [one for case in judged for one in case]
    return Report(
        instructions=instructions,
        policy=situation.policy.version,
        models=tuple(sorted({reply.model for reply in replies.values() if reply.model})),
        cases=len(cases),
        labelled=len(labels),
        answered=len(pairs),
        unusable=sum(reply.answer is None for reply in replies.values()),
        scored=scored(judged),
        wishes=_wishes(situation, pairs, replies),
        by_kind=_grouped(flat, lambda one: one.kind),
        by_language=_grouped(flat, lambda one: one.language),
        confidence=_calibration(flat),
        thresholds=tuple(_at(sure, judged_at(situation.sure(sure))) for sure in THRESHOLDS),
        baselines={
            name: scored(
                [_judged(situation, case, label, baseline(situation.question(case))) for case, label in pairs]
            )
            for name, baseline in BASELINES.items()
        },
        errors=tuple(one for one in flat if one.settled != (one.became == "closed") or _is_held_open(one)),
    )


def _judged(situation: Situation, case: Case, label: Label, reply: Reply) -> list[Judged]:
    """Every intent of a case but those that careful readers do not agree about."""
    came = situation.came(case, lambda _: reply)
    said = _surest(case, reply)
    language = case.language if case.language != UNNAMED else told_by([one.text for one in case.messages])
    return [
        Judged(
            case=case.id,
            intent=planned.id,
            kind=label.kind,
            language=language,
            settled=planned.id in label.settled or planned.id in label.muted,
            became=_became(planned.id, came),
            verdict=said.get(planned.id, ("", None))[0],
            confidence=said.get(planned.id, ("", None))[1],
            reason=came.closed.get(planned.id, ""),
        )
        for planned in case.intents
        if planned.id not in label.either
    ]


def _wishes(
    situation: Situation, pairs: Sequence[tuple[Case, Label]], replies: Mapping[str, Reply]
) -> Wishes:
    put_off, on_the_day, moved, muted = [], [], [], []
    for case, label in pairs:
        came = situation.came(case, lambda _, case=case: replies[case.id])  # type: ignore[misc]  # a default binds it
        zone = ZoneInfo(case.timezone)
        for planned in case.intents:
            name, until = planned.id, came.moved.get(planned.id)
            if name in label.postponed:
                day = label.postponed[name]
                due = (until or planned.due_at).astimezone(zone).date()
                right = day is not None and abs(due - day) <= A_DAY
                # Who says the day that it is planned for anyway has put it off to that day.
                put_off.append(until is not None or right)
                if day is not None and put_off[-1]:
                    on_the_day.append(right)
            elif name not in {*label.either, *label.settled, *label.muted}:
                moved.append(until is not None)
            if name in label.muted:
                muted.append(came.closed.get(name) == "muted")
    return Wishes(*(share(sum(each), len(each)) for each in (put_off, on_the_day, moved, muted)))


def _became(intent: str, came: Came) -> Became:
    if intent in came.closed:
        return "closed"
    return "held" if intent in came.held else "open"


def _surest(case: Case, reply: Reply) -> dict[str, tuple[str, float | None]]:
    """The surest verdict that an answer gives on each intent, by the intent's id; refs are in the order of the case."""
    if not isinstance(reply.answer, ReadingAnswer):
        return {}
    refs = {f"i{n}": planned.id for n, planned in enumerate(case.intents, 1)}
    said: dict[str, tuple[str, float | None]] = {}
    for verdict in sorted(reply.answer.verdicts, key=lambda one: one.confidence):
        if verdict.intent in refs:
            said[refs[verdict.intent]] = (verdict.verdict, verdict.confidence)
    return said


def _is_held_open(one: Judged) -> bool:
    return not one.settled and one.became == "held"


def figures(judged: Iterable[Judged]) -> Figures:
    """The errors of both sorts among these intents."""
    some = list(judged)
    still_open, over = [one for one in some if not one.settled], [one for one in some if one.settled]
    return Figures(
        false=share(sum(one.became == "closed" for one in still_open), len(still_open)),
        missed=share(sum(one.became != "closed" for one in over), len(over)),
        stale=sum(one.became == "open" for one in over),
        held_open=sum(map(_is_held_open, some)),
    )


def scored(cases: Sequence[Sequence[Judged]]) -> Scored:
    """The figures of whole cases, which is what is drawn again for the intervals."""
    flat = [one for case in cases for one in case]
    right = sum(all(one.settled == (one.became == "closed") for one in case) for case in cases)
    hits, wrong, missed = _counts(cases)
    return Scored(
        cases=len(cases),
        right=share(right, len(cases)),
        figures=figures(flat),
        precision=hits / (hits + wrong) if hits + wrong else 1.0,
        recall=hits / (hits + missed) if hits + missed else 1.0,
        f1=score(cases, _f1),
    )


def _counts(cases: Sequence[Sequence[Judged]]) -> tuple[int, int, int]:
    hits = wrong = missed = 0
    for case in cases:
        for one in case:
            hits += one.settled and one.became == "closed"
            wrong += not one.settled and one.became == "closed"
            missed += one.settled and one.became != "closed"
    return hits, wrong, missed


def _f1(cases: Sequence[Sequence[Judged]]) -> float:
    """Of closing; 1 where there was nothing to close and nothing was."""
    hits, wrong, missed = _counts(cases)
    return 2 * hits / (2 * hits + wrong + missed) if hits + wrong + missed else 1.0


def _grouped(judged: Sequence[Judged], by: Callable[[Judged], str]) -> dict[str, Figures]:
    names = sorted({by(one) for one in judged})
    return {name: figures(one for one in judged if by(one) == name) for name in names}


def _calibration(judged: Sequence[Judged]) -> tuple[Bin, ...]:
    """How often closing verdicts of each confidence are right, whatever the policy makes of them."""
    closing = [one for one in judged if one.verdict in REASONS and one.confidence is not None]
    bins = []
    for low, high in pairwise(EDGES):
        inside = [
            one for one in closing if low <= (one.confidence or 0.0) and _below(one.confidence or 0.0, high)
        ]
        bins.append(Bin(low, high, share(sum(one.settled for one in inside), len(inside))))
    return tuple(bins)


def _below(confidence: float, high: float) -> bool:
    return confidence < high or high == EDGES[-1]


def _at(sure: float, cases: Sequence[Sequence[Judged]]) -> AtThreshold:
    _, wrong, missed = _counts(cases)
    found = figures(one for case in cases for one in case)
    return AtThreshold(sure, wrong, missed, found.stale, found.held_open, _f1(cases))
