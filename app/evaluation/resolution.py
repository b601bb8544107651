"""How well it is read what is settled: false revocations and missed ones apart, by kind, language and confidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from app.core.asks import Reading, ReadingAnswer, Reply
from app.core.verdicts import REASONS
from app.evaluation.baselines import BASELINES, Baseline
from app.evaluation.cases import Case, Label
from app.evaluation.figures import Score, Share, grouped, score, share
from app.evaluation.language import language_of
from app.evaluation.situation import Came, Situation
from app.evaluation.wishes import Wishes, wishes

Became = Literal["closed", "held", "open"]
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
    answered = [
        _Answered(case, labels[case.id], answers[case.id](situation.question(case)))
        for case in cases
        if case.id in labels and case.id in answers
    ]
    came = [one.came(situation) for one in answered]
    judged = [one.judged(how) for one, how in zip(answered, came, strict=True)]

    def judged_at(sure: float) -> list[list[Judged]]:
        if sure == situation.policy.reading.sure:
            return judged
        return [one.judged(one.came(situation.sure(sure))) for one in answered]

    def guessed(baseline: Baseline) -> list[list[Judged]]:
        some = [one.instead(baseline(situation.question(one.case))) for one in answered]
        return [one.judged(one.came(situation)) for one in some]

    flat = [one for case in judged for one in case]
    return Report(
        instructions=instructions,
        policy=situation.policy.version,
        models=tuple(sorted({one.reply.model for one in answered if one.reply.model})),
        cases=len(cases),
        labelled=len(labels),
        answered=len(answered),
        unusable=sum(one.reply.answer is None for one in answered),
        scored=scored(judged),
        wishes=wishes((one.case, one.label, how) for one, how in zip(answered, came, strict=True)),
        by_kind=grouped(flat, lambda one: one.kind, figures),
        by_language=grouped(flat, lambda one: one.language, figures),
        confidence=_calibration(flat),
        thresholds=tuple(_at(sure, judged_at(sure)) for sure in THRESHOLDS),
        baselines={name: scored(guessed(baseline)) for name, baseline in BASELINES.items()},
        errors=tuple(one for one in flat if one.settled != (one.became == "closed") or _is_held_open(one)),
    )


class _Answered(msgspec.Struct, frozen=True):
    """A case, its label, and what was answered."""

    case: Case
    label: Label
    reply: Reply

    def came(self, situation: Situation) -> Came:
        """What the worker made of the answer."""
        return situation.came(self.case, lambda _: self.reply)

    def instead(self, reply: Reply) -> _Answered:
        return _Answered(self.case, self.label, reply)

    def judged(self, came: Came) -> list[Judged]:
        """Every intent of the case but those that careful readers do not agree about."""
        case, label, said = self.case, self.label, _surest(self.case, self.reply)
        language = language_of(case)
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
