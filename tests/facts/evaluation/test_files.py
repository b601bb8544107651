"""Cases, labels, requests and answers as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.evaluation.cases import CasesError, read_cases, read_labels
from app.evaluation.exchange import exported, read_answers, request_id, written
from app.model.request import request
from tests.facts.evaluation.read import case, says, situation, verdict

ONE_MESSAGE = {
    "id": "r1",
    "open_subjects": [
        {"id": "s1", "subject": "driving test", "created_text": "My driving test is on the 14th."}
    ],
    "message": "I passed!",
    "resolved": ["s1"],
    "kind": "paraphrase",
}


def file(folder: Path, *values: object) -> Path:
    path = folder / "lines.jsonl"
    path.write_text(
        "".join(f"{value if isinstance(value, str) else json.dumps(value)}\n" for value in values)
    )
    return path


def test_a_case_may_be_one_message(tmp_path: Path) -> None:
    """A list of open subjects and a message, with the label in the line."""
    (only,), labels = read_cases(file(tmp_path, ONE_MESSAGE))
    assert [(one.id, one.subject, one.opened_by) for one in only.intents] == [
        ("s1", "driving test", "My driving test is on the 14th.")
    ]
    assert [one.text for one in only.messages] == ["I passed!"]
    assert (labels["r1"].settled, labels["r1"].kind) == (("s1",), "paraphrase")


def test_others_number_their_cases_and_leave_fields_null(tmp_path: Path) -> None:
    """Numbers are ids as well as texts are, what is null is not given, and what nobody asked for is ignored."""
    subject = {"id": 1, "subject": "driving test", "created_text": None}
    told = {
        "id": 7,
        "open_subjects": [subject],
        "message": "I passed!",
        "resolved": [1],
        "kind": None,
        "by": 3,
    }
    (only,), labels = read_cases(file(tmp_path, told))
    assert (only.id, only.intents[0].id, only.intents[0].opened_by) == ("7", "1", "")
    assert labels["7"].settled == ("1",)


def test_a_file_of_another_editor_is_read_alike(tmp_path: Path) -> None:
    """A byte order mark and the line ends of Windows are no part of a case."""
    plain, other = file(tmp_path, ONE_MESSAGE), tmp_path / "other.jsonl"
    other.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes().replace(b"\n", b"\r\n"))
    assert read_cases(other) == read_cases(plain)


def test_labels_may_be_kept_apart(tmp_path: Path) -> None:
    """A case without a label is no error, and a file of labels is checked against its cases."""
    cases, labels = read_cases(
        file(tmp_path, {key: ONE_MESSAGE[key] for key in ("id", "open_subjects", "message")})
    )
    assert labels == {}
    assert read_labels(file(tmp_path, {"id": "r1", "settled": ["s1"]}), cases)["r1"].settled == ("s1",)
    with pytest.raises(CasesError, match="no intent has the id 's9'"):
        read_labels(file(tmp_path, {"id": "r1", "settled": ["s9"]}), cases)


@pytest.mark.parametrize(
    ("lines", "says_what"),
    [
        ((), "holds no case"),
        (("{",), ":1: "),
        (({"id": "a", "messages": []},), "without a message"),
        (({"id": "a", "messages": [{"text": "x"}]},) * 2, "a second case"),
        (({"id": "a", "messages": [{"text": "x"}] * 41},), "one reading shows 40"),
        (({"id": "a", "messages": [{"text": "x"}], "timezone": "Mars/Base"},), "no IANA time zone"),
        (({"id": "a", "messages": [{"text": "x", "at": "2026-03-05T20:00:00"}]},), "without an offset"),
        (({**ONE_MESSAGE, "resolved": ["s7"]},), "no intent has the id 's7'"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    tmp_path: Path, lines: tuple[object, ...], says_what: str
) -> None:
    """The line and what is expected in it."""
    with pytest.raises(CasesError, match=says_what):
        read_cases(file(tmp_path, *lines))


def test_an_export_holds_the_worker_s_request_and_no_label(tmp_path: Path) -> None:
    """Each line is the body that the worker would send, under an id that tells nothing of the case."""
    (only,), _ = read_cases(file(tmp_path, ONE_MESSAGE))
    ask = situation().ask(only)
    (line,) = [json.loads(one) for one in exported([(only.id, ask)])]
    assert line["params"] == request(ask)
    assert line["custom_id"] == request_id("r1", ask.question)
    assert "paraphrase" not in json.dumps(line)
    assert "r1" not in line["custom_id"]


def test_the_id_of_a_request_is_stable() -> None:
    """Another case or another document is another id; the instructions do not change it."""
    one, other = situation().question(case("a")), situation().question(case("b"))
    assert request_id("c", one) == request_id("c", situation().question(case("a")))
    assert len({request_id("c", one), request_id("d", one), request_id("c", other)}) == 3


@pytest.mark.parametrize(
    "line",
    [
        {"id": "q", "answer": {"verdicts": [verdict(1)]}},
        {"custom_id": "q", "answer": json.dumps({"verdicts": [verdict(1)]})},
        {"id": "q", "response": f"```json\n{json.dumps({'verdicts': [verdict(1)]})}\n```"},
        {
            "custom_id": "q",
            "message": {"content": [{"type": "text", "text": json.dumps({"verdicts": [verdict(1)]})}]},
        },
        {
            "custom_id": "q",
            "result": {
                "type": "succeeded",
                "message": {"content": [{"type": "text", "text": json.dumps({"verdicts": [verdict(1)]})}]},
            },
        },
    ],
    ids=["object", "text", "fenced", "message", "batch"],
)
def test_an_answer_comes_in_any_of_its_forms(tmp_path: Path, line: dict[str, Any]) -> None:
    """As an object, as its text, as what the API returned, as a line of a batch's results."""
    brought = read_answers(file(tmp_path, line))["q"]
    assert situation().came(case("the exam"), brought.reply).closed == {"the exam": "resolved"}


@pytest.mark.parametrize(
    ("line", "failed"),
    [
        ({"id": "q", "failed": "refused"}, "refused"),
        ({"id": "q", "answer": "no JSON at all"}, "malformed"),
        ({"id": "q", "answer": {"verdicts": [verdict(7)]}}, "malformed"),
        ({"id": "q", "message": {"content": [], "stop_reason": "refusal"}}, "refused"),
        ({"id": "q", "message": {"content": [], "stop_reason": "max_tokens"}}, "truncated"),
        ({"id": "q", "result": {"type": "errored"}}, "unreachable"),
    ],
)
def test_an_unusable_answer_is_sorted_as_the_client_sorts_it(
    tmp_path: Path, line: dict[str, Any], failed: str
) -> None:
    """A reference that was not shown, a refusal, half an answer: each is the failure that the worker would see."""
    assert read_answers(file(tmp_path, line))["q"].reply(situation().question(case("a"))).failed == failed


def test_the_last_answer_to_a_request_counts(tmp_path: Path) -> None:
    """A file that is added to may hold two answers to one request."""
    path = file(tmp_path, {"id": "q", "failed": "refused"}, {"id": "q", "answer": {}})
    assert read_answers(path)["q"].failed is None


def test_an_answer_that_was_kept_is_read_back(tmp_path: Path) -> None:
    """What a live model said is the same from the file."""
    question = situation().question(case("a"))
    reply = says(verdict(1))(question)
    path = file(tmp_path, written("q", reply).decode().strip())
    assert read_answers(path)["q"].reply(question).answer == reply.answer


@pytest.mark.parametrize("line", [{"answer": {}}, {"id": "q"}, {"id": "q", "answer": 7}, "[]"])
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, line: object) -> None:
    """With its number."""
    with pytest.raises(CasesError, match=":1: "):
        read_answers(file(tmp_path, line))
