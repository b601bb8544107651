"""The rules of a story's model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from app.model.request import opaque
from app.model.script import Script, ScriptedAnswer

READING: dict[str, Any] = {
    "task": "reading",
    "intents": [
        {"ref": "i1", "agent": "follow_up", "subject": "The  gutter"},
        {"ref": "i2", "agent": "calendar", "subject": "the dentist"},
    ],
    "messages": [
        {"ref": "m1", "text": "The Gutter is clean."},
        {"ref": "m2", "text": "And it rains."},
        {"ref": "m3", "text": "Bye."},
    ],
}
COMPOSE: dict[str, Any] = {
    "task": "compose",
    "agent": "digest",
    "approach": "plain",
    "subject": "this week",
    "facts": {},
}
JUDGE: dict[str, Any] = {"task": "judge", "agent": "digest", "subject": "this week", "text": "Report back."}


def answer(
    script: Script, document: dict[str, Any], *, user: str = "ana", attempt: int = 1
) -> ScriptedAnswer:
    return script.answer(document["task"], document, user=user, attempt=attempt)


def fits(rule: dict[str, Any], document: dict[str, Any], *, user: str = "ana", attempt: int = 2) -> bool:
    """Whether a rule with these filters answers this question."""
    return answer(Script([rule | {"fault": "html"}]), document, user=user, attempt=attempt).fault == "html"


def body(reply: dict[str, Any], **filters: object) -> dict[str, Any]:
    """What a reading rule with this reply says to READING."""
    said = answer(Script([{"ask": "reading", "reply": reply} | filters]), READING).body
    assert said is not None
    return said


def test_without_a_rule_nothing_happens() -> None:
    """By default nothing is settled or raised, the text asks after the subject, and a draft scores 0.9."""
    script = Script()
    assert answer(script, READING).body == {"verdicts": [], "subjects": [], "mutes": []}
    assert answer(script, COMPOSE).body == {"text": "I was thinking of this week. How is it going?"}
    assert answer(script, JUDGE).body == {"score": 0.9, "problems": []}
    assert script.calls == {"reading": 1, "compose": 1, "judge": 1}


@pytest.mark.parametrize(
    ("rule", "document", "expected"),
    [
        ({"ask": "reading"}, READING, True),
        ({"ask": "compose"}, READING, False),
        ({"ask": "compose", "user": "ana"}, COMPOSE, True),
        ({"ask": "compose", "user": "bert"}, COMPOSE, False),
        ({"ask": "compose", "agent": "digest"}, COMPOSE, True),
        ({"ask": "compose", "agent": "calendar"}, COMPOSE, False),
        ({"ask": "reading", "agent": "calendar"}, READING, True),
        ({"ask": "reading", "agent": "digest"}, READING, False),
        ({"ask": "compose", "attempt": 2}, COMPOSE, True),
        ({"ask": "compose", "attempt": 1}, COMPOSE, False),
        ({"ask": "compose", "approach": "plain"}, COMPOSE, True),
        ({"ask": "compose", "approach": "natural"}, COMPOSE, False),
        ({"ask": "reading", "contains": "IT RAINS"}, READING, True),
        ({"ask": "reading", "contains": "dentist"}, READING, False),
        ({"ask": "compose", "contains": "WEEK"}, COMPOSE, True),
        ({"ask": "judge", "contains": "report"}, JUDGE, True),
        ({"ask": "judge", "contains": "week"}, JUDGE, False),
        ({"ask": "judge", "contains": "report", "user": "bert"}, JUDGE, False),
    ],
)
def test_filters(rule: dict[str, Any], document: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a table
    """A rule answers when every filter that it names fits; `contains` looks at messages, subject or draft."""
    assert fits(rule, document) == expected
    assert fits(rule, document, user=opaque("ana")) == expected


def test_the_first_that_fits_answers_and_times_uses_it_up() -> None:
    """Rules are tried in order; one with `times: 2` answers twice in the whole story."""
    script = Script(
        [
            {"ask": "compose", "times": 2, "reply": {"text": "one"}},
            {"ask": "compose", "user": "ana", "reply": {"text": "two"}},
        ]
    )
    said = [answer(script, COMPOSE, user=user).body for user in ("ana", "bert", "ana", "bert")]
    assert [each and each["text"] for each in said] == [
        "one",
        "one",
        "two",
        "I was thinking of this week. How is it going?",
    ]


def test_verdicts_are_written_by_subject() -> None:
    """A subject is found whatever its case and spaces; a verdict on one that is not shown is left out."""
    reply = {
        "verdicts": [
            {"intent": "the GUTTER", "verdict": "resolves", "confidence": 0.9},
            {"intent": "the fence", "verdict": "resolves", "confidence": 0.9},
        ]
    }
    assert body(reply)["verdicts"] == [
        {"intent": "i1", "verdict": "resolves", "message": "m3", "confidence": 0.9, "until": None}
    ]


@pytest.mark.parametrize(
    ("filters", "named", "message"),
    [
        ({}, None, "m3"),
        ({"contains": "gutter"}, None, "m1"),
        ({"contains": "it rains"}, None, "m2"),
        ({"contains": "gutter"}, "m2", "m2"),
        ({"contains": "gutter"}, "bye", "m3"),
        ({}, "never said", "m3"),
    ],
)
def test_the_message_of_an_entry(filters: dict[str, Any], named: str | None, message: str) -> None:
    """The evidence is the message that is named, else the first that fitted `contains`, else the last."""
    entry = {"subject": "rain"} | ({"message": named} if named else {})
    said = body({"mutes": [entry], "subjects": [entry]}, **filters)
    assert said["mutes"] == [{"subject": "rain", "message": message}]
    assert said["subjects"] == [
        {"subject": "rain", "agent": "follow_up", "message": message, "when": None, "importance": 0.5}
    ]


def test_times_of_a_story_are_written_with_their_offset() -> None:
    """A time that a YAML reader has made a datetime of goes out as text; without an offset it is UTC."""
    aware = datetime(2026, 3, 6, 18, tzinfo=UTC)
    for when in (aware, aware.replace(tzinfo=None), "2026-03-06T18:00:00+00:00"):
        (said,) = body({"subjects": [{"subject": "rain", "when": when}]})["subjects"]
        assert said["when"] == "2026-03-06T18:00:00+00:00"


def test_a_rule_may_say_only_how_long_it_takes() -> None:
    """`takes` without a reply gives the default answer, later."""
    said = answer(Script([{"ask": "compose", "takes": "20s"}]), COMPOSE)
    assert (said.takes_s, said.fault) == (20.0, None)
    assert said.body == {"text": "I was thinking of this week. How is it going?"}


def test_what_did_not_reach_the_model_is_not_counted() -> None:
    """A model that is down, and a rule that makes it unreachable, count no call; every other fault does."""
    rules: list[dict[str, Any]] = [
        {"ask": "compose", "times": 1, "fault": "unreachable"},
        {"ask": "compose", "fault": "overloaded"},
    ]
    script = Script(rules)
    script.down = True
    assert answer(script, COMPOSE).fault == "unreachable"
    script.down = False
    assert [answer(script, COMPOSE).fault for _ in range(2)] == ["unreachable", "overloaded"]
    assert script.calls == {"compose": 1}


@pytest.mark.parametrize(
    "rule",
    [
        {"ask": "sing"},
        {"ask": "compose", "fault": "bored"},
        {"ask": "compose", "contain": "x"},
        {"ask": "compose", "takes": "long"},
        {"ask": "compose", "times": 0},
        {"ask": "compose", "fault": "html", "reply": {"text": "both"}},
        {"contains": "x"},
    ],
)
def test_a_senseless_rule_is_refused(rule: dict[str, Any]) -> None:
    """A rule with an unknown field or value is refused before the story begins."""
    with pytest.raises(ValidationError):
        Script([rule])
