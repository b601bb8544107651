"""What the report counts, and how it tells errors of the two sorts apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from app.evaluation.cases import Case, Label, read_cases, read_labels
from app.evaluation.figures import score, share
from app.evaluation.language import told_by
from app.evaluation.resolution import Report, report
from tests.facts.evaluation.read import UNUSABLE, case, says, situation, verdict

EVALS = Path(__file__).parents[2] / "evals"
EXAM = case("the exam", says=["I passed!"], name="exam")
FLAT = case("the flat", says=["Still looking."], name="flat")
BOTH = case("a", "b", says=["a is done, b is not."], name="both")
LABELS = {
    "exam": Label(id="exam", kind="plain", settled=("the exam",)),
    "flat": Label(id="flat", kind="negation"),
    "both": Label(id="both", kind="plain", settled=("a",)),
}


def judged(answers: Mapping[str, object], cases: Sequence[Case] = (EXAM, FLAT, BOTH)) -> Report:
    return report(situation(), cases, LABELS, answers, instructions="v")  # type: ignore[arg-type]  # by name


def test_without_an_error_the_score_is_one() -> None:
    """All that is over is closed, all that is open is left open."""
    found = judged({"exam": says(verdict(1)), "flat": says(), "both": says(verdict(1))})
    assert found.scored.f1.value == 1.0
    assert (found.scored.figures.false.count, found.scored.figures.false.of) == (0, 2)
    assert (found.scored.figures.missed.count, found.scored.figures.missed.of) == (0, 2)
    assert found.errors == ()


def test_a_wrong_closing_is_no_missed_one() -> None:
    """A plan that is open and was closed counts as false, one that is over and was not as missed."""
    found = judged({"exam": says(), "flat": says(verdict(1)), "both": says(verdict(1))})
    assert (found.scored.figures.false.count, found.scored.figures.missed.count) == (1, 1)
    assert found.scored.figures.stale == 1
    assert [(one.case, one.settled, one.became) for one in found.errors] == [
        ("exam", True, "open"),
        ("flat", False, "closed"),
    ]
    assert found.scored.precision == found.scored.recall == pytest.approx(0.5)


def test_what_is_held_is_not_stale() -> None:
    """An unsure verdict on what is over is missed and not stale; on what is open it is held for nothing."""
    unsure = says(verdict(1, confidence=0.6))
    found = judged({"exam": unsure, "flat": unsure, "both": says(verdict(1))})
    assert (found.scored.figures.missed.count, found.scored.figures.stale) == (1, 0)
    assert (found.scored.figures.false.count, found.scored.figures.held_open) == (0, 1)


def test_an_unusable_answer_closes_nothing() -> None:
    """It is counted, and what is over is missed but not stale."""
    found = judged({"exam": UNUSABLE}, (EXAM,))
    assert (found.unusable, found.scored.figures.missed.count, found.scored.figures.stale) == (1, 1, 0)


def test_errors_are_told_by_kind() -> None:
    """Each kind has figures of its own."""
    found = judged({"exam": says(verdict(1)), "flat": says(verdict(1)), "both": says(verdict(1))})
    assert {kind: one.false.count for kind, one in found.by_kind.items()} == {"negation": 1, "plain": 0}


def test_calibration_looks_below_the_threshold() -> None:
    """Verdicts that did not count stand in the table too, so that a threshold can be chosen from it."""
    found = judged({"exam": says(verdict(1, confidence=0.65)), "flat": says(verdict(1, confidence=0.62))})
    assert [(one.low, one.right.count, one.right.of) for one in found.confidence if one.right.of] == [
        (0.6, 1, 2)
    ]
    at = {one.sure: (one.false, one.missed) for one in found.thresholds}
    assert (at[0.6], at[0.8]) == ((1, 0), (0, 1))


def test_baselines_stand_beside() -> None:
    """Never closing misses all, always closing is wrong about all that is open."""
    found = judged({"exam": says(), "flat": says(), "both": says()})
    never, always = found.baselines["never"].figures, found.baselines["always"].figures
    assert (never.false.count, never.missed.count) == (0, 2)
    assert (always.false.count, always.missed.count) == (2, 0)


def test_what_readers_disagree_about_is_not_judged() -> None:
    """An intent under `either` counts neither way."""
    labels = {"both": Label(id="both", settled=("a",), either=("b",))}
    found = report(situation(), (BOTH,), labels, {"both": says(verdict(1), verdict(2))}, instructions="v")
    assert found.scored.figures.false.of == 0
    assert found.scored.f1.value == 1.0


def test_a_mute_closes_too() -> None:
    """An intent that the person does not want to be asked about is over for us."""
    labels = {"flat": Label(id="flat", muted=("the flat",))}
    mute = says(mutes=[{"subject": "the flat", "message": "m1"}])
    assert report(situation(), (FLAT,), labels, {"flat": mute}, instructions="v").scored.f1.value == 1.0


def test_an_interval_holds_its_share() -> None:
    """Wilson's interval of 0 of 117 ends at 3.2 %, and of nothing it is everything."""
    nothing = share(0, 117)
    assert (nothing.low, round(nothing.high, 3)) == (0.0, 0.032)
    assert (share(0, 0).share, share(0, 0).low, share(0, 0).high) == (None, 0.0, 1.0)
    assert share(9, 10).low < 0.9 < share(9, 10).high


def test_resampling_is_the_same_every_time() -> None:
    """The interval of a score depends on the cases alone."""
    first = score([0.0, 1.0, 1.0, 1.0], lambda some: sum(some) / len(some))
    assert first == score([0.0, 1.0, 1.0, 1.0], lambda some: sum(some) / len(some))
    assert first.low < first.value < first.high


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("The surgery went fine and I am at home", "en"),
        ("Die Operation ist gut verlaufen", "de"),
        ("Me dieron el visado hoy, por fin", "es"),
        ("Le chien va beaucoup mieux, il mange bien", "fr"),
        ("hm", "-"),
    ],
)
def test_a_language_is_told_by_its_function_words(text: str, tag: str) -> None:
    """Where there are too few of them it cannot be told."""
    assert told_by([text]) == tag


@pytest.mark.parametrize(("until", "right"), [("12T18:00", 1), ("13T11:00", 1), ("14T11:00", 0)])
def test_a_day_is_right_within_one(until: str, right: int) -> None:
    """A plan that is put off is to be asked about on the label's day; in the evening or late the next morning."""
    labels = {"flat": Label(id="flat", postponed={"the flat": date(2026, 3, 12)})}
    answer = says(verdict(1, "postpones", until=f"2026-03-{until}:00Z"))
    found = report(situation(), (FLAT,), labels, {"flat": answer}, instructions="v").wishes
    assert (found.put_off.count, found.on_the_day.count, found.on_the_day.of) == (1, right, 1)


def test_a_plan_that_was_moved_for_nothing_is_counted() -> None:
    """Of those that stay open as they were; and what was closed instead of muted is not left alone."""
    labels = {"both": Label(id="both", muted=("b",))}
    answer = says(verdict(1, "postpones", until="2026-03-12T18:00:00Z"), verdict(2))
    found = report(situation(), (BOTH,), labels, {"both": answer}, instructions="v").wishes
    assert (found.moved_for_nothing.count, found.moved_for_nothing.of) == (1, 1)
    assert (found.muted.count, found.muted.of) == (0, 1)


def test_the_harder_cases_fit_their_labels() -> None:
    """Each case of ours has a label, three intents and five messages at least, and can be asked about."""
    cases, _ = read_cases(EVALS / "harder.jsonl")
    labels = read_labels(EVALS / "harder.labels.jsonl", cases)
    assert {case.id for case in cases} == set(labels)
    assert len(cases) >= 150
    assert {case.language for case in cases} == {"en", "es", "de", "fr", "pt"}
    where = situation()
    for one in cases:
        assert 3 <= len(one.intents) <= 8, one.id
        assert 5 <= len(one.messages) <= 40, one.id
        assert where.question(one).messages[-1].text == one.messages[-1].text
