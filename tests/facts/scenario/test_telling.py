"""How a story is told to a world: what stands in the log, and in which order things happen."""

from __future__ import annotations

import json
from typing import Any

import pytest

import agents
from app.scenario.runner import Result, run
from app.scenario.story import parse
from app.scenario.world_memory import MemoryWorld

AGENTS = agents.load(())


def told(text: str) -> Result:
    """The story of one person, `ana`, from nine in the morning of a Monday in Madrid on."""
    start = "name: A story\nstart: 2026-03-02T09:00:00+01:00\n"
    users = "" if "users:" in text else "users: {ana: {timezone: Europe/Madrid, consents: [follow_up]}}\n"
    return run(parse(start + users + text), AGENTS, MemoryWorld)


def entry(at: str, what: str) -> str:
    """A line of the timeline, on that Monday."""
    return f"  - {{at: 2026-03-02T{at}+01:00, {what}}}\n"


def request(subject: str, due: str) -> str:
    """A plan of ana's, asked for at ten."""
    data = f"{{agent: follow_up, subject: {subject}, due_at: {due}+01:00}}"
    return entry("10:00:00", f"user: ana, event: intent.requested, data: {data}")


def events(result: Result) -> list[dict[str, Any]]:
    """All that stood in `user-events`, as JSON."""
    return [json.loads(record.value or b"null") for record in result.ending.events]


def test_people_start_with_a_profile_and_their_consents() -> None:
    """As events at the start, which are nobody's activity: nothing is planned for them."""
    result = told(
        "users:\n"
        "  ana: {name: Ana, quiet_hours: {start: '22:00', end: '07:00'}, consents: [digest, re_engagement]}\n"
        "  bo:\n"
        "timeline: [{until: 2026-03-02T10:00:00+01:00}]"
    )
    assert [(e["user_id"], e["source"], e["type"], e["data"]) for e in events(result)] == [
        (
            "ana",
            "scenario-start",
            "profile.updated",
            {"name": "Ana", "quiet_hours": {"start": "22:00", "end": "07:00"}},
        ),
        ("ana", "scenario-start", "consent.changed", {"agent": "digest", "granted": True}),
        ("ana", "scenario-start", "consent.changed", {"agent": "re_engagement", "granted": True}),
    ]
    assert result.ending.open == []


def test_an_entry_is_known_by_its_number_unless_it_says_otherwise() -> None:
    """Counted from 1 over all entries, whatever their kind; `id`, `source` and `time` as wished."""
    result = told(
        "users: {}\ntimeline:\n"
        + entry("10:00:00", "do: crash")
        + entry("10:00:00", "user: ana, event: app.opened")
        + entry("10:00:00", "user: ana, event: app.opened, id: x, source: y, time: 2026-03-01T10:00:00+01:00")
    )
    assert [(e["id"], e["source"], e["time"]) for e in events(result)] == [
        ("2", "scenario", "2026-03-02T10:00:00+01:00"),
        ("x", "y", "2026-03-01T10:00:00+01:00"),
    ]
    assert {record.timestamp_ms for record in result.ending.events} == {1772442000000}


UNTIL_NOON = "  - {until: 2026-03-02T12:00:00+01:00}\n"
NUDGED = (
    "timeline:\n" + request("the boat", "2026-03-02T11:00:00") + request("the sea", "2026-03-05T11:00:00")
)


def test_an_entry_may_name_what_the_story_has_brought_about() -> None:
    """The last nudge, or the latest nudge or intent with a subject, in place of an id, at any depth."""
    result = told(
        NUDGED
        + entry("12:00:00", "user: ana, event: nudge.opened, data: {nudge_id: last}")
        + entry(
            "12:00:01", "user: ana, event: x, data: {a: [{nudge_id: {nudge: the boat}}], intent: the sea}"
        )
        + entry("12:00:02", "user: ana, event: x, data: {intent_id: {intent: the sea}}")
    )
    assert result.failures == []
    opened, nested, named = [e["data"] for e in events(result) if e["source"] == "scenario"][-3:]
    nudge_id = result.ending.nudges[0]["nudge_id"]
    assert opened == {"nudge_id": nudge_id}
    assert nested == {"a": [{"nudge_id": nudge_id}], "intent": "the sea"}
    assert named == {"intent_id": result.ending.open[0]["intent_id"]}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "user: ana, event: nudge.opened, data: {nudge_id: {nudge: the sea}}",
            "ana has no nudge with the subject 'the sea'",
        ),
        (
            "user: ana, event: intent.revoked, data: {intent_id: {intent: a}}",
            "ana has no intent with the subject 'a'",
        ),
        ("user: bo, event: nudge.opened, data: {nudge_id: last}", "bo has got no nudge"),
    ],
)
def test_naming_what_has_not_come_about_fails_the_story(line: str, said: str) -> None:
    """With the entry's number, and nothing else is judged."""
    result = told(NUDGED + entry("12:00:00", line))
    assert result.failures == [f"timeline entry 3: {said} by then"]


def test_what_is_appended_at_an_instant_is_seen_before_what_is_due_then() -> None:
    """A revocation at the very second at which a plan comes due still stops it."""
    result = told(
        NUDGED
        + entry("11:00:00", "user: ana, event: intent.revoked, data: {subject_key: the boat}")
        + "expect: {nudges: [], outcomes: [{outcome: revoked, reason: requested}], outcomes_exactly: true}\n"
    )
    assert result.failures == []


def test_until_includes_its_own_instant() -> None:
    """What is due then has happened when the story ends."""
    to_the_second = told(NUDGED + "  - {until: 2026-03-02T11:00:00+01:00}\n")
    a_second_before = told(NUDGED + "  - {until: 2026-03-02T10:59:59+01:00}\n")
    assert (len(to_the_second.ending.nudges), len(a_second_before.ending.nudges)) == (1, 0)


def test_nothing_that_stands_before_a_crash_of_the_same_instant_is_committed() -> None:
    """It is in the log, and the worker that is started again finds it there."""
    result = told(NUDGED + entry("10:00:00", "do: crash}\n  - {until: 2026-03-02T12:00:00+01:00"))
    assert [nudge["subject"] for nudge in result.ending.nudges] == ["the boat"]


def test_nothing_happens_while_the_worker_stands_still() -> None:
    """Events go on arriving, and are looked at when it starts again."""
    result = told(
        NUDGED
        + entry("10:30:00", "do: stop")
        + entry("12:00:00", "user: ana, event: nudge.delivered, data: {nudge_id: none}")
        + entry("13:00:00", "do: start")
    )
    assert [nudge["decided_at"] for nudge in result.ending.nudges] == ["2026-03-02T12:00:00Z"]


def test_model_calls_count_what_reached_the_model() -> None:
    """Not what was unreachable, by a rule or because the model is down."""
    rules = "model: [{ask: compose, attempt: 1, fault: unreachable}]\n"
    assert told(rules + NUDGED + UNTIL_NOON).ending.model_calls["compose"] == 1
    down = NUDGED + entry("10:00:00", "do: model_down}\n  - {until: 2026-03-02T12:00:00+01:00")
    assert told(down).ending.model_calls == {"reading": 0, "compose": 0, "judge": 0}


def test_the_report_has_what_a_program_needs() -> None:
    """The keys of `--json`, all of plain JSON."""
    report = told(NUDGED + UNTIL_NOON).report()
    assert list(report) == [
        "name",
        "passed",
        "failures",
        "nudges",
        "recalls",
        "outcomes",
        "open",
        "model_calls",
        "dead_letters",
    ]
    assert json.loads(json.dumps(report)) == report


class BrokenWorld(MemoryWorld):
    """A world whose worker cannot work."""

    def settle(self) -> None:
        """As a defect would end it."""
        raise ZeroDivisionError


def test_a_worker_that_breaks_fails_its_story_and_no_other() -> None:
    """The failure says what broke and where."""
    text = f"name: A story\nstart: 2026-03-02T09:00:00+01:00\ntimeline:\n{UNTIL_NOON}"
    result = run(parse(text), AGENTS, BrokenWorld)
    assert len(result.failures) == 1
    assert result.failures[0].startswith("the worker broke: ZeroDivisionError")
    assert "test_telling.py" in result.failures[0]


def test_data_without_sense_goes_out_as_it_stands() -> None:
    """What becomes of it is the worker's to say, and the story's to tell."""
    result = told("timeline:\n" + entry("10:00:00", "user: ana, event: message.received, data: [1, two]"))
    assert events(result)[-1]["data"] == [1, "two"]
    assert "dead_letters: expected 0, there were 1: invalid_data" in result.failures[0]
