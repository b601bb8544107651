"""Under another policy decisions differ, and each difference names the gate or the rule that changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.backtest.record import read
from app.backtest.run import backtest, report
from app.core.policy import Policy, parse
from app.scenario.story import read as read_story
from tests.facts.backtest.recording import AGENTS, lived, write, written
from topics.record import Record

STORY = """
name: Two plans on a Tuesday
start: 2026-03-02T09:00:00+00:00
users:
  ann: {timezone: UTC, locale: en, consents: [follow_up, calendar]}
policy: {min_gap: 1h}
model:
  - ask: reading
    contains: "boat"
    reply: {subjects: [{subject: the boat, agent: follow_up, when: 2026-03-03T10:00:00+00:00}]}
timeline:
  - {at: 2026-03-02T10:00:00+00:00, user: ann, event: message.received, data: {text: "I painted the boat."}}
  - at: 2026-03-02T12:00:00+00:00
    user: ann
    event: calendar.changed
    data: {calendar_event_id: d, title: Dentist, starts_at: 2026-03-03T11:00:00+00:00}
  - {at: 2026-03-02T13:00:00+00:00, user: ann, event: message.received, data: {text: "And what else?"}}
  - {until: 2026-03-04T12:00:00+00:00}
expect:
  nudges:
    - {user: ann, subject: Dentist, after: 2026-03-03T10:00:00+00:00, before: 2026-03-03T10:00:01+00:00}
    - {user: ann, subject: the boat, after: 2026-03-03T11:00:00+00:00, before: 2026-03-03T11:00:01+00:00}
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of the story."""
    folder = tmp_path_factory.mktemp("record")
    story = folder / "story.yaml"
    story.write_text(STORY)
    return written(folder / "record.jsonl", lived(read_story(story)))


def under(told: Path, policy: Mapping[str, Any]) -> dict[str, Any]:
    """What the backtest says of the story under another policy."""
    found = backtest(read([told]), parse({"min_gap": "1h", **policy}), AGENTS, within=timedelta(minutes=1))
    return report(found, limit=None, by_agent=True)


def differing(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Kind, subject and rule of each difference."""
    return [(one["kind"], one["subject"], one["rule"]) for one in found["differences"]]


def test_later_quiet_hours_move_what_they_cover(told: Path) -> None:
    """One is told later, and one cannot wait: both by the gate of the quiet hours."""
    found = under(told, {"quiet_hours": {"start": "21:00", "end": "10:30"}})
    assert differing(found) == [("time", "Dentist", "quiet_hours"), ("time", "the boat", "quiet_hours")]
    assert found["differences"][0]["why"] == (
        "let it through in the record, put it off until 2026-03-03T10:30:00Z now"
    )
    late = under(told, {"quiet_hours": {"start": "21:00", "end": "11:30"}})
    assert ("silenced", "Dentist", "quiet_hours") in differing(late)


def test_a_cap_silences_the_second(told: Path) -> None:
    """One nudge a day: the second waits for the next."""
    assert differing(under(told, {"caps": {"per_day": 1}})) == [("time", "the boat", "per_day")]


def test_other_priorities_let_the_other_win(told: Path) -> None:
    """The follow-up goes first, and the appointment is over when the gap is."""
    found = under(told, {"agents": {"follow_up": {"priority": 90}}})
    kinds = {(kind, subject): rule for kind, subject, rule in differing(found)}
    assert kinds == {("time", "the boat"): "priority", ("winner", "Dentist"): "arbitration"}
    assert "follow_up won the pass (priority 90 against 80)" in [one["why"] for one in found["differences"]]


def test_an_agent_in_shadow_is_silent_and_lets_others_speak(told: Path) -> None:
    """What it would have sent is a silence by its mode, and the loser speaks at once."""
    found = under(told, {"agents": {"calendar": {"mode": "shadow"}}})
    assert differing(found) == [("silenced", "Dentist", "mode"), ("time", "the boat", "mode")]
    assert found["agents"] == {"calendar": {"silenced": 1}, "follow_up": {"time": 1}}


def test_another_lead_is_another_plan(told: Path) -> None:
    """No gate says so: the plan itself lies elsewhere."""
    found = under(told, {"agents": {"calendar": {"lead": "2h"}}})
    assert ("time", "Dentist", "plan") in differing(found)


def changed(told: Path, file: Path, change: Any) -> Path:
    """A copy of the record in which the traces' asks are changed."""
    records = []
    for line in told.read_bytes().splitlines():
        value = json.loads(line)
        if value["topic"] == "nudge-pass":
            value["value"]["asks"] = change(value["value"]["asks"])
        body = json.dumps(value["value"]).encode()
        key = value["key"].encode()
        records.append(
            Record(value["topic"], value["partition"], value["offset"], key, body, value["timestamp_ms"])
        )
    return write(file, records)


def test_a_question_without_an_answer_is_counted_and_not_guessed(told: Path, tmp_path: Path) -> None:
    """Nobody answers for the model: what it raised is not there, what it might have settled is held."""
    bare = changed(
        told, tmp_path / "bare.jsonl", lambda asks: [one for one in asks if one["task"] != "reading"]
    )
    found = report(
        backtest(read([bare]), parse({"min_gap": "1h"}), AGENTS, within=timedelta(0)),
        limit=None,
        by_agent=False,
    )
    assert found["missing_answers"]["reading"]["questions"] >= 1
    assert ("silenced", "the boat", "no recorded answer") in differing(found)
    assert "compose" not in found["missing_answers"]


def test_a_text_without_an_answer_is_the_agents_own_and_no_difference(told: Path, tmp_path: Path) -> None:
    """That it is sent, and when, does not hang on the words; that they are not known is counted."""
    bare = changed(
        told, tmp_path / "bare.jsonl", lambda asks: [one for one in asks if one["task"] != "compose"]
    )
    found = report(
        backtest(read([bare]), parse({"min_gap": "1h"}), AGENTS, within=timedelta(0)),
        limit=None,
        by_agent=False,
    )
    assert found["missing_answers"] == {"compose": {"questions": 4, "requests": 4}}
    assert found["differences"] == []


def test_a_message_is_known_though_other_plans_stand_beside_it(told: Path) -> None:
    """Without the appointment the reading is another question; what was said of its messages still holds."""
    found = under(told, {"reading": {"when": "maturity"}})
    assert found["missing_answers"] == {}
    assert found["pieced_answers"]["readings"] >= 1


def test_the_default_policy_is_another_policy(told: Path) -> None:
    """Its version is told beside the one of the record."""
    found = report(backtest(read([told]), Policy(), AGENTS, within=timedelta(0)), limit=0, by_agent=False)
    assert found["recorded_policies"] == [parse({"min_gap": "1h"}).version]
    assert found["policy"] == Policy().version
    assert found["differences"] == []
    assert found["different"] == 1
