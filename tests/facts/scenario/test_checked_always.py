"""Every promise that is checked without being asked for is seen when it is broken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from app.core.policy import Policy
from app.scenario.checked_always import broken
from app.scenario.ending import Ending
from app.scenario.world import milliseconds
from topics.record import Record

POLICY = Policy.model_validate({"min_gap": "4h"})
DUE = "2026-03-02T15:00:00Z"


def ref(offset: int) -> dict[str, Any]:
    """A place in the log."""
    return {"topic": "user-events", "partition": 0, "offset": offset, "event_id": f"s/{offset}"}


def outcome(intent: str = "i1", **more: object) -> dict[str, Any]:
    """The outcome of an intent that was opened at offset 1, matured at 9 and sent."""
    return {
        "outcome_id": f"o-{intent}",
        "user_id": "ana",
        "agent": "follow_up",
        "intent_id": intent,
        "subject": "the boat",
        "outcome": "nudged",
        "nudge_id": f"n-{intent}",
        "due_at": DUE,
        "opened_by": ref(1),
        "matured_by": ref(9),
        "attempts": [{"approach": "natural"}],
    } | more


def nudge(intent: str = "i1", **more: object) -> dict[str, Any]:
    """The nudge of an intent, decided when it was due."""
    return {
        "kind": "nudge",
        "nudge_id": f"n-{intent}",
        "user_id": "ana",
        "intent_id": intent,
        "decided_at": DUE,
        "not_after": "2026-03-09T15:00:00Z",
    } | more


def event(offset: int, kind: str, data: Mapping[str, Any] | None = None, **more: object) -> Record:
    """Something in ana's log."""
    at = str(more.get("time", "2026-03-02T12:00:00Z"))
    value = {"id": str(offset), "source": "s", "type": kind, "time": at, "data": data or {}} | more
    logged = milliseconds(datetime.fromisoformat(str(more.get("logged", at))))
    return Record("user-events", 0, offset, b"ana", json.dumps(value).encode(), logged)


def sent(*events: Record, **more: Any) -> Ending:
    """A story in which one message was sent."""
    whole: dict[str, Any] = {"outcomes": [outcome()], "nudges": [nudge()]} | more
    return Ending(events=events, **whole)


def test_a_story_in_which_all_is_well_breaks_nothing() -> None:
    """One intent, one outcome, one nudge, another still open."""
    requested = event(1, "intent.requested", {"subject": "the boat"})
    assert broken(sent(requested, open=[{"intent_id": "i2"}]), POLICY) == []


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (sent(outcomes=[outcome(), outcome(outcome_id="o2")]), "ledger: intent i1 has 2 outcomes"),
        (sent(open=[{"intent_id": "i1"}]), "ledger: intent i1 is open although it has an outcome"),
        (
            sent(outcomes=[outcome(), outcome("i2", outcome_id="o-i1", outcome="revoked")]),
            "was written 2 times",
        ),
        (
            sent(passes=[{"user_id": "ana", "candidates": [{"intent_id": "lost"}]}]),
            "ledger: intent lost of ana was considered, is not open and has no outcome",
        ),
        (sent(nudges=[nudge(), nudge()]), "no double message: nudge n-i1 was written 2 times"),
        (sent(nudges=[]), "pairs: outcome nudged without its nudge n-i1"),
        (
            sent(nudges=[nudge(), nudge("i2")], open=[{"intent_id": "i2"}]),
            "pairs: nudge n-i2 without its outcome",
        ),
        (sent(nudges=[nudge(intent_id="i9")], open=[{"intent_id": "i9"}]), "name different intents"),
        (sent(recalls=[nudge("i7")]), "pairs: recall of n-i7, which was never sent"),
        (
            sent(outcomes=[outcome(attempts=[{"approach": "plain"}, {"approach": "plain"}])]),
            "attempts: outcome o-i1 has 2 attempts by plain",
        ),
        (sent(outcomes=[outcome(matured_by=ref(1))]), "matured by an event before the one that opened it"),
        (sent(outcomes=[outcome(matured_by=None)]), "was sent without a maturity event"),
        (sent(outcomes=[outcome(due_at="2026-03-02T15:00:01Z")]), "was decided before its intent was due"),
        (sent(nudges=[nudge(not_after=DUE)]), "was decided after its intent had expired"),
    ],
)
def test_a_broken_promise_is_told(ending: Ending, said: str) -> None:
    """With the ids that show it."""
    assert any(said in line for line in broken(ending, POLICY)), broken(ending, POLICY)


@pytest.mark.parametrize(
    "between",
    [
        event(5, "intent.revoked", {"intent_id": "i1"}),
        event(5, "intent.revoked", {"subject_key": "The  Boat"}),
        event(5, "consent.changed", {"agent": "*", "granted": False}),
        event(5, "consent.changed", {"agent": "follow_up", "granted": False}),
        event(5, "user.erased"),
    ],
)
def test_a_nudge_that_a_revocation_before_its_maturity_should_have_stopped_is_seen(between: Record) -> None:
    """The offsets in the outcome say what stood before what."""
    requested = event(1, "intent.requested", {"subject": "the boat"})
    said = broken(sent(requested, between), POLICY)
    assert any("stands before its maturity at 9" in line for line in said)
    after = event(10, between_type(between), between_data(between))
    assert broken(sent(requested, after), POLICY) == []


def between_type(record: Record) -> str:
    """The event's type."""
    return str(json.loads(record.value or b"")["type"])


def between_data(record: Record) -> dict[str, Any]:
    """The event's data."""
    data: dict[str, Any] = json.loads(record.value or b"")["data"]
    return data


@pytest.mark.parametrize(
    "between",
    [
        event(5, "intent.revoked", {"subject_key": "gym"}),
        event(5, "intent.revoked", {"intent_id": "i2"}),
        event(5, "consent.changed", {"agent": "digest", "granted": False}),
        event(5, "consent.changed", {"agent": "*", "granted": True}),
        event(5, "intent.revoked", {"intent_id": "i1"}, id="1"),
        event(5, "app.opened"),
    ],
)
def test_what_revokes_nothing_stops_nothing(between: Record) -> None:
    """Another subject, another agent, a copy of an earlier event."""
    requested = event(1, "intent.requested", {"subject": "the boat"})
    assert broken(sent(requested, between), POLICY) == []


def two(later: str, *events: Record) -> Ending:
    """Two messages to one person."""
    return Ending(
        outcomes=[outcome(), outcome("i2", due_at=DUE)],
        nudges=[nudge(), nudge("i2", decided_at=later)],
        events=events,
    )


def test_two_nudges_inside_the_gap_are_seen() -> None:
    """Exactly the gap apart is allowed, a second less is not."""
    assert broken(two("2026-03-02T19:00:00Z"), POLICY) == []
    assert any("minimum gap: ana" in line for line in broken(two("2026-03-02T18:59:59Z"), POLICY))


def test_a_nudge_that_failed_lifts_the_gap_and_an_erasure_ends_it() -> None:
    """From the moment on at which the log had it; who is erased is somebody new."""
    failed = event(11, "nudge.failed", {"nudge_id": "n-i1"}, time="2026-03-02T15:30:00Z")
    assert broken(two("2026-03-02T16:00:00Z", failed), POLICY) == []
    assert broken(two("2026-03-02T15:10:00Z", failed), POLICY) != []
    erased = event(11, "user.erased", time="2026-03-02T15:30:00Z")
    assert broken(two("2026-03-02T16:00:00Z", erased), POLICY) == []
