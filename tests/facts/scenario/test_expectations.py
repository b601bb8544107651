"""What each kind of expectation accepts and refuses, and what is said when it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from app.scenario.ending import Ending
from app.scenario.expectations import failures, holds
from app.scenario.expected import Expect
from topics.record import Record

Json = Mapping[str, Any]


def nudge(user: str = "ana", at: str = "2026-03-02T15:00:00Z", **more: object) -> dict[str, Any]:
    """A nudge as it stands in the topic."""
    return {
        "kind": "nudge",
        "nudge_id": f"{user}{at}",
        "user_id": user,
        "agent": "follow_up",
        "subject": "the boat",
        "text": "How is the boat?",
        "written_by": "model",
        "decided_at": at,
    } | more


def outcome(reason: str = "sent", **more: object) -> dict[str, Any]:
    """An outcome as it stands in the topic."""
    return {
        "user_id": "ana",
        "agent": "follow_up",
        "subject": "the boat",
        "outcome": "nudged",
        "reason": reason,
        "closed_at": "2026-03-02T15:00:00Z",
        "evidence": None,
        "attempts": [],
    } | more


def failed(expected: Json, **ending: Sequence[Json] | Mapping[str, int] | Sequence[Record]) -> list[str]:
    """What fails when a story that expects this ends so."""
    return failures(Expect.model_validate(expected), Ending(**ending))  # type: ignore[arg-type]  # each is one of its fields


def test_nudges_are_all_of_them() -> None:
    """One too many fails, one too few fails; where the story says nothing of nudges none are looked at."""
    assert failed({"nudges": [{"user": "ana"}]}, nudges=[nudge()]) == []
    assert "which was not expected" in failed({"nudges": []}, nudges=[nudge()])[0]
    assert "which is not there; there are no nudges at all" in failed({"nudges": [{"user": "ana"}]})[0]
    assert failed({}, nudges=[nudge()]) == []


def test_recalls_are_none_unless_given() -> None:
    """A recall that nobody expected fails every story."""
    assert failed({"recalls": [{"user": "ana"}]}, recalls=[nudge()]) == []
    assert len(failed({}, recalls=[nudge()])) == 1


def test_nudges_are_in_the_order_of_their_decisions() -> None:
    """The right ones in another order fail, and the order that was is told."""
    first, second = (
        nudge(at="2026-03-02T15:00:00Z", subject="a"),
        nudge(at="2026-03-02T16:00:00Z", subject="b"),
    )
    assert failed({"nudges": [{"subject": "a"}, {"subject": "b"}]}, nudges=[first, second]) == []
    assert (
        "in another order"
        in failed({"nudges": [{"subject": "b"}, {"subject": "a"}]}, nudges=[first, second])[0]
    )


def test_nudges_of_one_instant_are_in_any_order() -> None:
    """Two people are reached at the same time in whatever order the log has it."""
    both = [nudge("ana"), nudge("ben")]
    assert failed({"nudges": [{"user": "ben"}, {"user": "ana"}]}, nudges=both) == []


def test_a_decision_is_at_or_after_after_and_before_before() -> None:
    """`after <= decided_at < before`, whatever offset each is written with."""
    at = "2026-03-02T16:00:00+01:00"
    later = "2026-03-02T16:00:01+01:00"
    assert failed({"nudges": [{"after": at, "before": later}]}, nudges=[nudge()]) == []
    assert "not at or after" in failed({"nudges": [{"after": later}]}, nudges=[nudge()])[0]
    assert "not before" in failed({"nudges": [{"before": at}]}, nudges=[nudge()])[0]


def test_contains_is_a_part_of_the_text_as_it_is_written() -> None:
    """Not of the subject, and upper case is not lower case."""
    assert failed({"nudges": [{"contains": "the boat?"}]}, nudges=[nudge()]) == []
    assert "without 'The boat'" in failed({"nudges": [{"contains": "The boat"}]}, nudges=[nudge()])[0]


def test_each_expected_outcome_has_a_record_of_its_own() -> None:
    """Two expectations that fit one record need two records, in whatever order they stand."""
    wide, narrow = {"user": "ana"}, {"reason": "sent"}
    assert failed({"outcomes": [wide, narrow]}, outcomes=[outcome("sent"), outcome("expired")]) == []
    assert failed({"outcomes": [wide, narrow]}, outcomes=[outcome("expired"), outcome("sent")]) == []
    assert len(failed({"outcomes": [wide, narrow]}, outcomes=[outcome("sent")])) == 1


def test_other_outcomes_may_exist_unless_exactly_is_said() -> None:
    """`outcomes_exactly` names the one that is too many."""
    ended = [outcome(), outcome("expired")]
    assert failed({"outcomes": [{"reason": "sent"}]}, outcomes=ended) == []
    said = failed({"outcomes": [{"reason": "sent"}], "outcomes_exactly": True}, outcomes=ended)
    assert len(said) == 1
    assert "reason: expired" in said[0]


def test_an_outcome_that_is_not_there_is_told_with_the_nearest_one() -> None:
    """The author sees what was expected, what was there, and in what the two differ."""
    said = failed(
        {"outcomes": [{"user": "ana", "outcome": "revoked", "reason": "resolved"}]},
        outcomes=[outcome(user_id="ben", outcome="expired"), outcome("resolved")],
    )
    assert len(said) == 1
    expected, nearest = said[0].split("; the nearest is ")
    assert (
        expected == "outcomes: expected {user: ana, outcome: revoked, reason: resolved}, which is not there"
    )
    assert "reason: resolved" in nearest
    assert nearest.endswith(": outcome is 'nudged', not 'revoked'")


def test_open_plans_are_bounded_by_their_due_time() -> None:
    """`due_after <= due_at < due_before`, and `open_exactly` allows no others."""
    there = [{"user_id": "ana", "agent": "digest", "subject": "this week", "due_at": "2026-03-08T16:00:00Z"}]
    bounds = {"due_after": "2026-03-08T17:00:00+01:00", "due_before": "2026-03-08T17:00:01+01:00"}
    assert failed({"open": [{"user": "ana"} | bounds]}, open=there) == []
    assert failed({"open": [{"due_before": "2026-03-08T17:00:00+01:00"}]}, open=there)
    assert failed({"open": [], "open_exactly": True}, open=there)
    assert "nothing is open" in failed({"open": [{"user": "ana"}]})[0]


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("x", "x"),
        (0.5, 0.5),
        (None, None),
        (True, True),
        ("2026-03-02T15:00:00+01:00", "2026-03-02T14:00:00Z"),
        ({"verdict": "resolves"}, {"verdict": "resolves", "confidence": 0.9}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}),
        ([{"result": "poor"}, {"result": "good"}], [{"result": "poor", "n": 1}, {"result": "good", "n": 2}]),
        ([], []),
    ],
)
def test_a_value_holds(wanted: object, there: object) -> None:
    """Times as instants, mappings contained, lists element by element."""
    assert holds(there, wanted)


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("x", "X"),
        ("", None),
        (1, True),
        (False, 0),
        ("2026-03-02T15:00:00+01:00", "2026-03-02T15:00:00Z"),
        ({"verdict": "resolves"}, None),
        ({"verdict": "resolves", "quote": ""}, {"verdict": "resolves"}),
        ([{"result": "poor"}], [{"result": "poor"}, {"result": "good"}]),
        ([{"result": "good"}, {"result": "poor"}], [{"result": "poor"}, {"result": "good"}]),
        (["a"], "a"),
    ],
)
def test_a_value_does_not_hold(wanted: object, there: object) -> None:
    """Nothing is taken for something like it."""
    assert not holds(there, wanted)


@pytest.mark.parametrize(
    ("expected", "calls"),
    [
        ({"reading": {"at_most": 2}, "at_most": 3}, {"reading": 2, "compose": 1}),
        ({"compose": 1}, {"compose": 1, "reading": 7}),
        ({"judge": {"at_least": 1}}, {"judge": 4}),
        ({"at_least": 2}, {"judge": 1, "compose": 1}),
        (0, {}),
    ],
)
def test_model_calls_hold(expected: object, calls: Mapping[str, int]) -> None:
    """Of each task and of all together: a number is exact, `at_least` and `at_most` are included."""
    assert failed({"model_calls": expected}, model_calls=calls) == []


@pytest.mark.parametrize(
    ("expected", "calls", "said"),
    [
        (
            {"reading": {"at_most": 1}},
            {"reading": 2},
            "model_calls of reading: expected at most 1, there were 2",
        ),
        (
            {"at_most": 1},
            {"reading": 1, "compose": 1},
            "model_calls of all tasks: expected at most 1, there were 2",
        ),
        ({"compose": 1}, {}, "model_calls of compose: expected 1, there were 0"),
        ({"judge": {"at_least": 2}}, {"judge": 1}, "model_calls of judge: expected at least 2, there were 1"),
    ],
)
def test_model_calls_do_not_hold(expected: object, calls: Mapping[str, int], said: str) -> None:
    """The sentence has both numbers."""
    assert failed({"model_calls": expected}, model_calls=calls) == [said]


def test_dead_letters_are_none_unless_given() -> None:
    """Each that is there is told with its reason."""
    headers = (("tactful_reason", b"invalid_data"), ("tactful_error", b"due_at is missing"))
    letter = Record("dead-letter", 0, 0, b"ana", b"{}", 0, headers)
    assert failed({"dead_letters": 1}, dead_letters=[letter]) == []
    assert failed({}, dead_letters=[letter]) == [
        "dead_letters: expected 0, there were 1: invalid_data (due_at is missing)"
    ]
    assert failed({"dead_letters": 1}) == ["dead_letters: expected 1, there were 0"]
