"""`tactful eval`: requests out, answers in, a report and an exit code."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.model.script import Script
from app.model.server import ScriptedServer
from tests.facts.cli.terminal import Terminal

CASES: tuple[dict[str, Any], ...] = (
    {
        "id": "r1",
        "open_subjects": [
            {"id": "s1", "subject": "driving test", "created_text": "The test is on the 14th."}
        ],
        "message": "I passed!",
        "resolved": ["s1"],
        "kind": "paraphrase",
    },
    {
        "id": "r2",
        "open_subjects": [{"id": "s1", "subject": "the thesis", "created_text": "I have to hand it in."}],
        "message": "It rains.",
        "resolved": [],
        "kind": "unrelated",
    },
)
PASSED = {
    "ask": "reading",
    "contains": "passed",
    "reply": {"verdicts": [{"intent": "driving test", "verdict": "resolves"}]},
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A model that understands one sentence, over HTTP; the real SDK speaks to it."""
    scripted = ScriptedServer(Script([PASSED]))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(scripted.start(), loop).result()
    yield scripted
    asyncio.run_coroutine_threadsafe(scripted.stop(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_requests_out_and_answers_in(terminal: Terminal) -> None:
    """What is exported can be answered anywhere, and the answers are scored."""
    cases = terminal.file("cases.jsonl", *CASES)
    requests, answers = terminal.folder / "requests.jsonl", terminal.folder / "answers.jsonl"
    assert terminal.tactful("eval", "resolution", "--cases", cases, "--export", requests).code == 0
    verdict = {"intent": "i1", "verdict": "resolves", "message": "m1", "confidence": 0.95, "until": None}
    with answers.open("w") as file:
        for line in requests.read_text().splitlines():
            asked = json.loads(line)
            passed = "passed" in asked["params"]["messages"][0]["content"]
            answer = {"verdicts": [verdict] if passed else [], "subjects": [], "mutes": []}
            file.write(json.dumps({"custom_id": asked["custom_id"], "answer": answer}) + "\n")
    said = terminal.tactful(
        "eval", "resolution", "--cases", cases, "--answers", answers, "--json", "--least-f1", 1
    )
    assert said.code == 0
    assert said.object["scored"]["f1"]["value"] == 1.0
    assert said.object["scored"]["figures"]["false"]["count"] == 0
    assert set(said.object["by_kind"]) == {"paraphrase", "unrelated"}


def test_a_live_model_is_asked_once(terminal: Terminal, server: ScriptedServer) -> None:
    """Answers are kept as they come; a run that was broken off goes on where it stopped."""
    cases, kept = terminal.file("cases.jsonl", *CASES), terminal.folder / "kept.jsonl"
    words = ("eval", "resolution", "--cases", cases, "--answers", kept, "--backend", "anthropic", "--json")
    env = {"ANTHROPIC_BASE_URL": server.url}
    begun = terminal.tactful(*words, "--limit", 1, env=env)
    assert (begun.code, len(kept.read_text().splitlines())) == (1, 1)
    assert "1 cases have no answer" in begun.err
    ended = terminal.tactful(*words, env=env)
    assert (ended.code, len(kept.read_text().splitlines())) == (0, 2)
    assert ended.object["scored"]["f1"]["value"] == 1.0
    assert "1/1 asked, 0 failed" in ended.err
    assert "0/0" not in terminal.tactful(*words, env=env).err
    assert server.script.calls["reading"] == 2


def test_a_bound_that_is_not_met_is_a_no(terminal: Terminal) -> None:
    """Exit 1 when F1 is below, or more plans were closed wrongly, than allowed."""
    cases = terminal.file("cases.jsonl", *CASES)
    kept = terminal.folder / "kept.jsonl"
    words = ("eval", "resolution", "--cases", cases, "--answers", kept, "--backend", "scripted")
    assert terminal.tactful(*words).code == 0
    assert terminal.tactful(*words, "--least-f1", "0.5").code == 1
    assert terminal.tactful(*words, "--most-false", "0").code == 0


def test_money_that_nobody_can_count_is_refused(terminal: Terminal) -> None:
    """A limit in dollars needs prices."""
    cases = terminal.file("cases.jsonl", *CASES)
    words = (
        "eval",
        "resolution",
        "--cases",
        cases,
        "--answers",
        "a",
        "--backend",
        "scripted",
        "--most-usd",
        "1",
    )
    said = terminal.tactful(*words)
    assert said.code == 2
    assert "prices" in said.err


def test_it_stops_when_the_money_is_spent(terminal: Terminal) -> None:
    """With prices in the policy the run ends at the bound, and says so."""
    cases = terminal.file("cases.jsonl", *CASES)
    policy = terminal.file("policy.yaml", "prices: {scripted: {input_per_mtok: 3, output_per_mtok: 15}}")
    words = (
        "eval",
        "resolution",
        "--cases",
        cases,
        "--answers",
        "kept",
        "--backend",
        "scripted",
        "--at-once",
        "1",
    )
    said = terminal.tactful(*words, "--most-usd", "0.000001", env={"TACTFUL_POLICY": str(policy)})
    assert said.code == 1
    assert "--most-usd is spent" in said.err


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--backend", "scripted"),
        ("--answers", "a", "--backend", "oracle"),
        ("--answers", "nowhere/a.jsonl"),
    ],
)
def test_options_that_do_not_go_together(terminal: Terminal, words: tuple[str, ...]) -> None:
    """Exit 2, and what to do."""
    cases = terminal.file("cases.jsonl", *CASES)
    assert terminal.tactful("eval", "resolution", "--cases", cases, *words).code == 2


def test_a_file_that_is_no_file_of_cases(terminal: Terminal) -> None:
    """Exit 2 and the line."""
    said = terminal.tactful("eval", "resolution", "--cases", terminal.file("c", "{"), "--export", "r")
    assert said.code == 2
    assert ":1:" in said.err


def test_a_model_that_is_not_there(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 3 after five requests that nobody answered."""
    monkeypatch.setattr("app.evaluation.live.PAUSES_S", ())
    many = [{**CASES[1], "id": f"r{n}"} for n in range(7)]
    words = ("eval", "resolution", "--cases", terminal.file("cases.jsonl", *many), "--answers", "a")
    said = terminal.tactful(
        *words, "--backend", "anthropic", env={"ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}
    )
    assert said.code == 3
    assert "cannot be reached" in said.err


def test_subjects_go_the_same_way(terminal: Terminal) -> None:
    """Requests out, answers in, and what was raised is counted; an unknown form is refused."""
    talk = {"id": "t1", "messages": [{"text": "Surgery on Monday."}]}
    label = {"id": "t1", "raised": [{"messages": [1], "when": "2026-03-09"}]}
    cases, labels = terminal.file("cases.jsonl", talk), terminal.file("labels.jsonl", label)
    words = ("eval", "subjects", "--cases", cases, "--labels", labels)
    requests = terminal.folder / "requests.jsonl"
    assert terminal.tactful(*words, "--export", requests).code == 0
    asked = json.loads(requests.read_text())
    subject = {"subject": "the surgery", "agent": "follow_up", "message": "m1", "importance": 0.9}
    answer = {"subjects": [{**subject, "when": "2026-03-09T18:00:00Z"}]}
    answers = terminal.file("answers.jsonl", {"custom_id": asked["custom_id"], "answer": answer})
    said = terminal.tactful(*words, "--answers", answers)
    assert said.code == 0
    assert "1/1" in said.out
    assert (
        terminal.tactful(*words, "--answers", answers, "--json").object["counts"]["on_the_day"]["count"] == 1
    )
    assert terminal.tactful(*words, "--answers", answers, "--format", "prose").code == 2


def test_writing_goes_in_rounds(terminal: Terminal) -> None:
    """What is refused is asked for again: the export holds what is to be asked next; readers get the texts."""
    cases = terminal.file("cases.jsonl", {"id": "w1", "agent": "follow_up", "subject": "the oral exam"})
    requests, answers = terminal.folder / "requests.jsonl", terminal.folder / "answers.jsonl"
    texts = terminal.folder / "texts.jsonl"
    words = ("eval", "writing", "--cases", cases, "--export", requests)
    said = terminal.tactful(*words)
    for text in ("Too short.", "I was thinking of the oral exam. How did it feel?"):
        asked = json.loads(requests.read_text())
        with answers.open("a") as file:
            file.write(json.dumps({"custom_id": asked["custom_id"], "answer": {"text": text}}) + "\n")
        said = terminal.tactful(*words, "--answers", answers, "--texts", texts, "--json")
    assert (said.code, requests.read_text()) == (0, "")
    assert said.object["all"]["second_good"]["count"] == 1
    shown = [json.loads(line) for line in texts.read_text().splitlines()]
    assert len(shown) == 3
    ratings = terminal.file("ratings.jsonl", *({"id": one["id"], "send": True} for one in shown))
    rated = terminal.tactful(*words, "--answers", answers, "--ratings", ratings)
    assert rated.code == 0
    assert "readers would send" in rated.out


def test_a_live_model_writes_in_rounds_too(terminal: Terminal, server: ScriptedServer) -> None:
    """Until nothing is left to ask."""
    cases = terminal.file("cases.jsonl", {"id": "w1", "agent": "follow_up", "subject": "the oral exam"})
    words = (
        "eval",
        "writing",
        "--cases",
        cases,
        "--answers",
        "kept.jsonl",
        "--backend",
        "anthropic",
        "--json",
    )
    said = terminal.tactful(*words, env={"ANTHROPIC_BASE_URL": server.url})
    assert said.code == 0
    assert said.object["written"] == 1


def test_two_labellers_are_compared(terminal: Terminal) -> None:
    """Exit 1 when they agree less than wanted."""
    cases = terminal.file("cases.jsonl", *CASES)
    ours = terminal.file("ours.jsonl", {"id": "r1", "settled": ["s1"]}, {"id": "r2"})
    theirs = terminal.file("theirs.jsonl", {"id": "r1"}, {"id": "r2"})
    words = ("eval", "agreement", "--cases", cases, "--labels", ours)
    assert terminal.tactful(*words, "--second", ours, "--json").object["kappa"] == 1.0
    said = terminal.tactful(*words, "--second", theirs, "--least-kappa", "0.5")
    assert said.code == 1
    assert "s1 is settled or open" in said.out
