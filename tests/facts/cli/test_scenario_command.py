"""What `tactful scenario run` prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.main import app

STORY = """
name: {name}
start: 2026-03-02T09:00:00+01:00
users: {{ana: {{timezone: Europe/Madrid, consents: [follow_up]}}}}
timeline:
  - {{at: 2026-03-02T10:00:00+01:00, user: ana, event: intent.requested,
     data: {{agent: follow_up, subject: the boat, due_at: 2026-03-02T11:00:00+01:00}}}}
  - {{until: 2026-03-02T12:00:00+01:00}}
expect:
  nudges: {nudges}
"""
ONE = "[{user: ana}]"


def scenario(*arguments: str | Path) -> Result:
    """`tactful scenario run` with these arguments."""
    return CliRunner().invoke(app, ["scenario", "run", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two stories, of which the second expects what does not happen."""
    (tmp_path / "a.yaml").write_text(STORY.format(name="It is said", nudges=ONE))
    (tmp_path / "b.yaml").write_text(STORY.format(name="It is not said", nudges="[]"))
    return tmp_path


def test_a_story_that_holds_is_one_line_and_exit_0(folder: Path) -> None:
    """With how long it took."""
    result = scenario(folder / "a.yaml")
    assert result.exit_code == 0
    assert result.output.startswith("ok   It is said  (")
    assert len(result.output.splitlines()) == 1


def test_a_folder_means_all_stories_in_it_and_one_that_fails_is_exit_1(folder: Path) -> None:
    """The failures stand below their story."""
    result = scenario(folder)
    assert result.exit_code == 1
    said = result.output.splitlines()
    assert said[0].startswith("ok   It is said")
    assert said[1].startswith("FAIL It is not said")
    assert "which was not expected" in said[2]


def test_json_is_one_object_a_line(folder: Path) -> None:
    """A program reads each by itself."""
    result = scenario(folder, "--json")
    assert result.exit_code == 1
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["name"], first["passed"], second["passed"]) == ("It is said", True, False)
    assert first["nudges"][0]["subject"] == "the boat"


def test_show_prints_what_happened_to_each_person(folder: Path) -> None:
    """Below the verdict, in the person's own time; with the words that were sent."""
    said = scenario(folder / "a.yaml", "--show").output
    assert "Ana in Madrid" in said
    told = ["a service wants follow_up", "follow_up plans to ask about the boat", "follow_up sends: “"]
    assert sorted(told, key=said.index) == told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: x", "start: is missing"),
        (STORY.format(name="x", nudges=ONE) + "polcy: {}", "did you mean policy?"),
        (STORY.format(name="x", nudges=ONE) + "policy: {agents: {folow_up: {}}}", "there is no such agent"),
    ],
)
def test_a_story_that_cannot_be_run_is_exit_2(tmp_path: Path, text: str, sentence: str) -> None:
    """Before any story is run, and with what to mend."""
    (tmp_path / "a.yaml").write_text(STORY.format(name="It is said", nudges=ONE))
    (tmp_path / "b.yaml").write_text(text)
    result = scenario(tmp_path)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.yaml"], "cannot be read"),
        (["a.yaml", "--on", "kafak"], "write memory, embedded or kafka://host:port"),
    ],
)
def test_what_cannot_be_meant_is_exit_2(folder: Path, arguments: list[str], sentence: str) -> None:
    """A file that is not there, a place that does not exist."""
    result = scenario(folder / arguments[0], *arguments[1:])
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_broker_that_does_not_answer_is_exit_3(folder: Path) -> None:
    """No story was judged."""
    result = scenario(folder / "a.yaml", "--on", "kafka://127.0.0.1:1")
    assert result.exit_code == 3
    assert "no broker answers at 127.0.0.1:1" in result.stderr


def test_help_has_an_example() -> None:
    """Ready to be copied."""
    assert "tactful scenario run tests/scenarios" in scenario("--help").output
