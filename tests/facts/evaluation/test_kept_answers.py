"""The answers that are kept fit the requests as they are sent now, and come to what app/docs/evaluating.md says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.core.policy import Policy
from app.evaluation.cases import read_cases, read_labels
from app.evaluation.exchange import Brought, instructions, read_answers, request_id
from app.evaluation.resolution import Report, report
from app.evaluation.subjects import report as subjects_report
from app.evaluation.writing import Written, read_ratings, text_id, write
from app.evaluation.writing import read_cases as read_to_write
from tests.facts.evaluation.read import situation

EVALS = Path(__file__).parents[2] / "evals"
WHERE = situation()
CASES, _ = read_cases(EVALS / "harder.jsonl")
LABELS = read_labels(EVALS / "harder.labels.jsonl", CASES)


def judged(*files: str) -> Report:
    """What the kept answers come to; a later file's answer to the same request counts instead."""
    kept: Mapping[str, Brought] = {
        name: one for file in files for name, one in read_answers(EVALS / file).items()
    }
    found = {case.id: kept[request_id(case.id, WHERE.question(case))].reply for case in CASES}
    return report(WHERE, CASES, LABELS, found, instructions="")


@pytest.mark.parametrize(
    ("files", "f1", "false", "stale"),
    [
        (("harder_answers.jsonl",), 0.956, 0, 2),
        (("harder_answers.third.jsonl",), 0.973, 1, 10),
        (("harder_answers.third.jsonl", "harder_answers.again.jsonl"), 0.996, 1, 0),
        (("harder_answers.fifth.jsonl",), 0.996, 0, 1),
        (("harder_answers.sixth.jsonl",), 0.996, 0, 1),
    ],
    ids=["first", "third", "again", "fifth", "sixth"],
)
def test_the_harder_readings_come_to_what_is_said(
    files: tuple[str, ...], f1: float, false: int, stale: int
) -> None:
    """Every case has an answer that can be used; F1, plans wrongly closed and stale ones are the page's."""
    found = judged(*files)
    assert (found.answered, found.unusable) == (150, 0)
    assert found.scored.f1.value == pytest.approx(f1, abs=0.0006)
    assert (found.scored.figures.false.count, found.scored.figures.stale) == (false, stale)
    assert (found.wishes.muted.count, found.wishes.muted.of) == (8, 8)


@pytest.mark.parametrize(
    ("reader", "spare", "raised", "undated"), [("fifth", 28, 58, 24), ("sixth", 27, 55, 7)]
)
def test_the_subjects_are_what_the_page_says(reader: str, spare: int, raised: int, undated: int) -> None:
    """20 of the 21, on the right day 25 of 27; what is raised for nothing, and how much of all has no day."""
    kept = read_answers(EVALS / f"harder_answers.{reader}.jsonl")
    found = {case.id: kept[request_id(case.id, WHERE.question(case))].reply for case in CASES}
    counts = subjects_report(WHERE, CASES, LABELS, found, instructions="").counts
    assert (counts.found.count, counts.found.of, counts.spare) == (20, 21, spare)
    assert (counts.on_the_day.count, counts.on_the_day.of) == (25, 27)
    days = [subject["when"] for one in kept.values() for subject in json.loads(one.text or "")["subjects"]]
    assert (len(days), days.count(None)) == (raised, undated)


def test_the_page_and_the_newest_reports_are_of_the_question_that_is_asked() -> None:
    """Another word in the instructions for reading, and what was measured must be measured again, or said to be old."""
    asked = instructions(WHERE.question(CASES[0]))
    for page in ("evaluating", "cost"):
        said = f"as it is asked now (`{asked}`)"
        assert said in (EVALS.parents[1] / f"app/docs/{page}.md").read_text()
    for form in ("dev", "harder"):
        first, *_ = (EVALS / f"{form}_report.sixth.txt").read_text().splitlines()
        assert first.endswith(f"answered by a sixth reader; instructions {asked}")


def test_watched_work_raises_nothing() -> None:
    """Clicks and searches are nothing to come back to: none of the 60 answers to ProactiveBench names a subject."""
    kept = read_answers(EVALS / "proactivebench_answers.jsonl")
    assert [json.loads(one.text or "")["subjects"] for one in kept.values()] == [[]] * 60


@pytest.mark.parametrize("rated", ["memorybank_ratings.jsonl", "memorybank_ratings.second.jsonl"])
def test_what_is_wrong_with_a_nudge_is_mostly_seen(rated: str) -> None:
    """Of the 25 first drafts that should not be sent 18 are refused without a judge, of the 35 good ones none."""
    answers = read_answers(EVALS / "memorybank_writing_answers.jsonl")
    ratings = read_ratings(EVALS / rated)
    refused = {True: 0, False: 0}
    for case in read_to_write(EVALS / "memorybank_writing.jsonl", WHERE.roster.names):
        first = write(case, {}, policy=Policy(), roster=WHERE.roster)
        assert not isinstance(first, Written)
        name = request_id(first[0], first[1].question)
        after = write(case, {name: answers[name]}, policy=Policy(), roster=WHERE.roster)
        text = answers[name].text
        assert text is not None
        fine = isinstance(after, Written)
        draft = after.first if isinstance(after, Written) else _text(text)
        refused[ratings[text_id(case, draft)].send] += not fine
    assert refused == {True: 0, False: 18}


def _text(answer: str) -> str:
    return str(json.loads(answer)["text"])
