"""The harder readings with the worst of answers: what is closed keeps to the cap, and no plan gets lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.core.asks import Reading, Reply
from app.evaluation.cases import Case, read_cases, read_labels
from app.evaluation.exchange import Brought
from tests.facts.evaluation.read import situation

EVALS = Path(__file__).parents[2] / "evals"
CASES, _ = read_cases(EVALS / "harder.jsonl")
LABELS = read_labels(EVALS / "harder.labels.jsonl", CASES)
CAP = 3


def honest(case: Case) -> dict[str, Any]:
    """What the label says, as an answer: by the person's last message, or as a mute."""
    label, last = (
        LABELS[case.id],
        [n for n, one in enumerate(case.messages, 1) if one.speaker == "person"][-1],
    )
    refs = {planned.id: f"i{n}" for n, planned in enumerate(case.intents, 1)}
    subjects = {planned.id: planned.subject for planned in case.intents}
    return {
        "verdicts": [
            {"intent": refs[name], "verdict": "resolves", "message": f"m{last}", "confidence": 0.95}
            for name in label.settled
        ],
        "mutes": [{"subject": subjects[name], "message": f"m{last}"} for name in label.muted],
    }


def shuffled(case: Case) -> Any:
    """The answer that belongs to the next case."""
    return honest(CASES[(CASES.index(case) + 1) % len(CASES)])


def overconfident(case: Case) -> Any:
    """Every message settles everything, for certain."""
    return {
        "verdicts": [
            {"intent": f"i{i}", "verdict": "resolves", "message": f"m{m}", "confidence": 1}
            for i in range(1, len(case.intents) + 1)
            for m in range(1, len(case.messages) + 1)
        ][:200]
    }


WORST: dict[str, Callable[[Case], Any]] = {
    "shuffled": shuffled,
    "emptied": lambda _: {},
    "malformed": lambda case: json.dumps(honest(case))[:-1],
    "overconfident": overconfident,
    "by the last message": lambda case: {
        "verdicts": [
            {
                "intent": f"i{i}",
                "verdict": "contradicts",
                "message": f"m{len(case.messages)}",
                "confidence": 0.99,
            }
            for i in range(1, len(case.intents) + 1)
        ]
    },
}


def answer(said: Any) -> Callable[[Reading], Reply]:
    return Brought(id="q", text=said if isinstance(said, str) else json.dumps(said)).reply


@pytest.mark.parametrize("name", WORST)
def test_the_cap_holds_and_no_plan_gets_lost(name: str) -> None:
    """A message closes three plans at most; what is not closed is open or held, each plan exactly one of the three."""
    where = situation()
    for case in CASES:
        came = where.came(case, answer(WORST[name](case)))
        assert max(Counter(came.closed_by.values()).values(), default=0) <= CAP, case.id
        speakers = {case.messages[number - 1].speaker for number in came.closed_by.values()}
        assert speakers <= {"person"}, case.id
        assert not set(came.closed) & came.held, case.id
        assert set(came.closed) | came.held <= {planned.id for planned in case.intents}, case.id


def test_an_answer_that_cannot_be_read_holds_every_plan() -> None:
    """Nothing is closed by half an answer, and nothing goes out unasked."""
    where = situation()
    for case in CASES:
        came = where.came(case, answer(WORST["malformed"](case)))
        assert (came.closed, came.held) == ({}, frozenset(planned.id for planned in case.intents)), case.id


def test_what_is_over_the_cap_is_held() -> None:
    """An overconfident answer closes what it may; every other plan is in doubt, and none is simply left open."""
    where = situation()
    for case in CASES:
        came = where.came(case, answer(WORST["by the last message"](case)))
        if case.messages[-1].speaker == "person":
            assert set(came.closed) | came.held == {planned.id for planned in case.intents}, case.id
        else:
            assert not came.closed, case.id


def test_the_labels_can_be_carried_out() -> None:
    """An answer that says what the label says closes just that, but for what is more than one message may close."""
    where = situation()
    for case in CASES:
        came, label = where.came(case, answer(honest(case))), LABELS[case.id]
        over = {*label.settled, *label.muted}
        assert set(came.closed) | came.held == over, case.id
        assert len(came.closed) >= min(len(over), CAP), case.id
