"""What the report on subjects counts, and how data sets become cases."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.evaluation.cases import Case, CasesError, Label, Raised
from app.evaluation.datasets import memorybank, proactivebench
from app.evaluation.subjects import Report, report
from tests.facts.evaluation.read import UNUSABLE, case, says, situation

TALK = case(
    "the exam", says=["Hello", "Surgery on Monday", "A: I'll ask on Tuesday.", "Bye", "A: Bye", "Rain"]
)


def raised(subject: str, message: int, when: str | None = None) -> dict[str, Any]:
    at = None if when is None else f"2026-03-{when}T18:00:00Z"
    return {"subject": subject, "agent": "follow_up", "message": f"m{message}", "when": at, "importance": 0.5}


def judged(*subjects: dict[str, Any], labelled: tuple[Raised, ...], which: Case = TALK) -> Report:
    labels = {which.id: Label(id=which.id, kind="talk", raised=labelled)}
    return report(situation(), (which,), labels, {which.id: says(subjects=list(subjects))}, instructions="v")


SURGERY = Raised(messages=(2,), about="the surgery", when=date(2026, 3, 9))


def test_a_subject_is_found_by_its_message() -> None:
    """The message that raised it, or the one beside it; the name may differ."""
    for message in (2, 3):
        found = judged(raised("the operation", message, "09"), labelled=(SURGERY,))
        assert (found.counts.found.count, found.counts.spare, found.counts.on_the_day.count) == (1, 0, 1)


def test_what_is_not_raised_is_missed() -> None:
    """And what is raised far from any label is spare."""
    found = judged(raised("the rain", 6), labelled=(SURGERY,))
    assert [(one.what, one.subject) for one in found.subjects] == [
        ("spare", "the rain"),
        ("missed", "the surgery"),
    ]


@pytest.mark.parametrize(("day", "right"), [("08", 1), ("10", 1), ("11", 0)])
def test_the_day_is_that_of_the_plan(day: str, right: int) -> None:
    """Within one of the label's, by the person's own clock."""
    assert judged(raised("it", 2, day), labelled=(SURGERY,)).counts.on_the_day.count == right


def test_without_a_time_the_plan_has_the_agents_delay() -> None:
    """What is scored is when the worker would ask: 48 h after the message."""
    found = judged(raised("it", 2), labelled=(SURGERY,))
    assert found.subjects[0].due == date(2026, 3, 7)
    assert found.counts.on_the_day.count == 0


def test_what_a_careful_reader_may_leave_counts_neither_way() -> None:
    """An optional subject is no find, no miss and not spare."""
    maybe = Raised(messages=(6,), optional=True)
    for subjects in ((), (raised("the rain", 6),)):
        counts = judged(*subjects, labelled=(maybe,)).counts
        assert (counts.found.of, counts.spare) == (0, 0)


def test_what_is_planned_already_is_not_opened_again() -> None:
    """The worker's own checks hold: neither a planned subject nor one of an unknown agent opens anything."""
    again, nobody = raised("The  EXAM", 1), {**raised("x", 1), "agent": "nobody"}
    assert judged(again, nobody, labelled=()).raised == 0


def test_nobody_looked_is_not_nothing_there() -> None:
    """Without a label for subjects they are only counted; an unusable answer raises nothing."""
    label = {"c1": Label(id="c1")}
    found = report(situation(), (TALK,), label, {"c1": says(subjects=[raised("x", 2)])}, instructions="v")
    assert (found.looked_at, found.raised, found.counts.spare) == (0, 1, 0)
    assert report(situation(), (TALK,), label, {"c1": UNUSABLE}, instructions="v").unusable == 1


def test_whether_anything_is_worth_it() -> None:
    """Where a label says no more than that, raising something is compared with it."""
    other = case(says=["x"], name="c2")
    labels = {"c1": Label(id="c1", worth=True), "c2": Label(id="c2", worth=False)}
    answers = {"c1": says(subjects=[raised("x", 2)]), "c2": says(subjects=[raised("y", 1)])}
    found = report(situation(), (TALK, other), labels, answers, instructions="v")
    assert (found.when_worth.count, found.when_not.count, found.when_not.of) == (1, 1, 1)


def test_memorybank_is_a_case_a_day(tmp_path: Path) -> None:
    """Question and answer in turn, in the evening of their day."""
    path = tmp_path / "m.json"
    day = [{"query": "Hi", "response": "Hello"}, {"query": "Bye", "response": " "}]
    path.write_text(json.dumps({"Ana": {"name": "Ana", "history": {"2023-05-01": day}}}))
    (only,), labels = memorybank(path)
    assert only.id == "Ana/2023-05-01"
    assert [(one.speaker, one.text) for one in only.messages] == [
        ("person", "Hi"),
        ("assistant", "Hello"),
        ("person", "Bye"),
    ]
    assert labels == {}


def test_proactivebench_says_whether_help_is_wanted(tmp_path: Path) -> None:
    """What happened stands for what was said; times that cannot be placed are a minute apart."""
    path = tmp_path / "p.jsonl"
    lines = [
        {"obs": [{"time": "1717338232.2", "event": "The user types."}], "help_needed": True},
        {
            "obs": [{"time": "Day 1, 8:00 PM", "event": "a"}, {"time": "later", "event": "b"}],
            "help_needed": False,
        },
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    cases, labels = proactivebench(path)
    assert [labels[one.id].worth for one in cases] == [True, False]
    assert cases[1].messages[0].at < cases[1].messages[1].at


@pytest.mark.parametrize("reader", [memorybank, proactivebench])
def test_a_file_of_another_form_is_refused(tmp_path: Path, reader: Any) -> None:
    """With its name."""
    path = tmp_path / "x"
    path.write_text('{"a": 1}')
    with pytest.raises(CasesError, match="x"):
        reader(path)
    with pytest.raises(CasesError, match="cannot be read"):
        reader(tmp_path / "nowhere")
