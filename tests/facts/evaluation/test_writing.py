"""What is written goes through the worker's own composing, and what readers say is held against its checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agents import FIVE
from app.core.asks import Ask, Compose, Judge
from app.core.policy import Policy, parse
from app.core.roster import Roster
from app.evaluation.cases import CasesError
from app.evaluation.exchange import Brought, request_id
from app.evaluation.writing import (
    Rating,
    ToWrite,
    Written,
    read_cases,
    read_ratings,
    report,
    text_id,
    to_rate,
    write,
)

ROSTER = Roster(FIVE)
EVALS = Path(__file__).parents[2] / "evals"
EXAM = ToWrite(id="w1", agent="follow_up", subject="the oral exam", name="Ana")
GOOD = "Your oral exam must be behind you by now. How did it feel?"
POOR = "Hi Ana, see https://exam.example/results for the oral exam!"


def told(*texts: str, case: ToWrite = EXAM, policy: Policy | None = None) -> Written | tuple[str, Ask]:
    """The composing of a case with these drafts, one after another; a number is a judge's score."""
    answers: dict[str, Brought] = {}
    for text in texts:
        came = write(case, answers, policy=policy or Policy(), roster=ROSTER)
        assert not isinstance(came, Written), f"nobody asked for {text}"
        name = request_id(came[0], came[1].question)
        said: Mapping[str, Any] = {"text": text}
        if isinstance(came[1].question, Judge):
            said = {"score": float(text), "problems": []}
        answers[name] = Brought(id=name, text=json.dumps(said), model="by-hand")
    return write(case, answers, policy=policy or Policy(), roster=ROSTER)


def done(*texts: str, case: ToWrite = EXAM, policy: Policy | None = None) -> Written:
    came = told(*texts, case=case, policy=policy)
    assert isinstance(came, Written)
    return came


def test_the_first_request_is_the_worker_s() -> None:
    """Agent, approach, subject, facts and locale as in a pass."""
    came = told()
    assert not isinstance(came, Written)
    question = came[1].question
    assert isinstance(question, Compose)
    assert (question.agent, question.approach, question.locale) == ("follow_up", "natural", "en")
    assert question.facts == {"subject": "the oral exam", "name": "Ana"}


def test_a_good_draft_is_the_text() -> None:
    """One request, and nothing is found wrong."""
    written = done(GOOD)
    assert (written.text, written.written_by, written.results) == (GOOD, "model", ("good",))


def test_a_refused_draft_is_followed_by_another() -> None:
    """The second request holds what was wrong with the first; what is still to be asked is told."""
    came = told(POOR)
    assert not isinstance(came, Written)
    name, ask = came
    assert name == "w1/2"
    assert isinstance(ask.question, Compose)
    assert (ask.question.approach, len(ask.question.problems)) == ("plain", 1)
    written = done(POOR, GOOD)
    assert (written.first, written.text, written.results) == (POOR, GOOD, ("poor", "good"))


def test_after_two_refusals_the_own_words_are_the_text() -> None:
    """Or silence, where the policy says so."""
    assert done(POOR, POOR).written_by == "fallback"
    silent = parse({"agents": {"follow_up": {"fallback": "silence"}}})
    assert done(POOR, POOR, policy=silent).text == ""


def test_a_judge_is_asked_where_the_policy_says_so() -> None:
    """Its score stands in the report, and below the bar the draft is refused."""
    judge = parse({"quality": {"judge": "model", "bar": 0.7}})
    assert done(GOOD, "0.9", policy=judge).scores == (0.9,)
    assert done(GOOD, "0.3", GOOD, "0.8", policy=judge).results == ("poor", "good")


def test_readers_get_every_text_once_and_blind() -> None:
    """First draft, final text and the agent's own words; nothing says which is which."""
    written = done(POOR, GOOD)
    shown = to_rate([written, done(GOOD)])
    assert {one["text"] for one in shown} == {POOR, GOOD, written.fallback}
    assert {key for one in shown for key in one} == {"id", "agent", "locale", "facts", "text"}
    assert [one["id"] for one in shown] == sorted(one["id"] for one in shown)


def test_what_the_loop_catches() -> None:
    """The share that a person should receive before and after it, and what of the bad and good drafts was refused."""
    other = ToWrite(id="w2", agent="follow_up", subject="the move", locale="en-GB")
    written = [done(POOR, GOOD), done("The move is over, is it not?", case=other)]
    said = [(written[0], POOR, False), (written[0], GOOD, True), (written[1], written[1].first, False)]
    ratings = {name: Rating(name, send) for one, text, send in said for name in [text_id(one.case, text)]}
    if written[1].results[0] != "good":
        pytest.fail(f"{written[1].problems}")
    found = report([EXAM, other], written, ratings, policy=Policy())
    assert (found.all.before.count, found.all.before.of) == (0, 2)
    assert (found.all.after.count, found.all.after.of) == (1, 2)
    assert (found.caught.count, found.caught.of) == (1, 2)
    assert set(found.by_locale) == {"en", "en-GB"}
    assert list(found.problems.values()) == [1]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([{"id": "a", "agent": "nobody", "subject": "x"}], "there is no agent"),
        ([{"id": "a", "agent": "digest", "subject": "x"}] * 2, "a second case"),
        ([], "holds no case"),
        ([{"id": "a"}], ":1: "),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, lines: list[Any], says: str) -> None:
    """With its line."""
    path = tmp_path / "w.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(CasesError, match=says):
        read_cases(path, ROSTER.names)


def test_ratings_are_read_by_their_text(tmp_path: Path) -> None:
    """The last one of a text counts."""
    path = tmp_path / "r.jsonl"
    path.write_text('{"id": "t", "send": true}\n{"id": "t", "send": false, "why": "cold"}\n')
    assert read_ratings(path) == {"t": Rating("t", send=False, why="cold")}


def test_our_cases_can_be_written() -> None:
    """Each has a request, and own words in a language that the agents have."""
    cases = read_cases(EVALS / "writing.jsonl", ROSTER.names)
    assert len(cases) >= 60
    assert {case.agent for case in cases} == ROSTER.names
    for case in cases:
        assert not isinstance(write(case, {}, policy=Policy(), roster=ROSTER), Written)
        assert ROSTER.by_name[case.agent].fallback is not None
