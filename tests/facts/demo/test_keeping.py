"""`tactful demo --keep`: the week that can be looked at in the console."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents import load
from app.demo.keeping import WEEK, kept, week
from app.scenario.errors import StoryError
from app.scenario.runner import run
from app.scenario.story import EventEntry, read
from app.scenario.world_memory import MemoryWorld

NOW = datetime(2027, 1, 12, 3, 4, 5, tzinfo=UTC)


def test_the_week_ends_now() -> None:
    """It is moved by whole days, so that everybody's hours stay theirs, and told on to the moment."""
    told, written = week(NOW), read(WEEK)
    *before, until, end = told.timeline
    assert end.at == NOW
    assert timedelta() <= NOW - until.at < timedelta(days=1)
    apart = {now.at - then.at for now, then in zip(before, written.timeline, strict=False)}
    assert len(apart) == 1
    assert apart.pop() % timedelta(days=1) == timedelta()


def test_days_in_what_people_say_are_moved_along() -> None:
    """An operation on Thursday stays three days after it was mentioned, whatever day the week is told on."""
    for days in range(7):
        story = week(NOW + timedelta(days=days))
        said = next(
            entry
            for entry in story.timeline
            if isinstance(entry, EventEntry) and "Surgery on" in str(entry.data)
        )
        (day,) = re.findall(r"Surgery on (\w+)\.", str(said.data))
        assert day == f"{said.at + timedelta(days=3):%A}"
        rule = next(rule for rule in story.model if "surgery" in (rule.contains or ""))
        assert day in (rule.contains or "")


def test_the_week_has_something_of_everything() -> None:
    """Messages, silences, struck out plans, fallbacks, second attempts, plans that wait, letters put aside."""
    result = run(read(WEEK), load(()), MemoryWorld, path=WEEK)
    assert result.passed, result.failures
    ended = {(outcome["outcome"], outcome["reason"]) for outcome in result.ending.outcomes}
    assert ended >= {
        ("nudged", "sent"),
        ("revoked", "resolved"),
        ("revoked", "muted"),
        ("revoked", "exit_event"),
        ("stood_down", "outranked"),
        ("stood_down", "no_consent"),
    }
    assert {outcome["written_by"] for outcome in result.ending.outcomes} == {"", "model", "fallback"}
    assert any(
        len(outcome["attempts"]) == 2 and outcome["written_by"] == "model"
        for outcome in result.ending.outcomes
    )
    assert len(result.ending.open) > 10
    assert len(result.ending.dead_letters) == 3


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    """Nobody's log is written into: the folder has to be new."""
    (tmp_path / "something").touch()
    with pytest.raises(StoryError, match="something already"):
        kept(tmp_path, load(()), NOW)
