"""Who decides what, pausing them, and a new one to start from."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from agents.held_to import held_to
from app.core.assessment import problems
from tests.facts.cli.terminal import NOON_MS, Terminal, values
from topics.record import NewRecord


def test_every_agent_says_what_it_decides(terminal: Terminal) -> None:
    """Name, priority, whether it runs, what it listens to, and the decision that it owns."""
    said = terminal.tactful("agents", "list")
    assert said.code == 0
    assert [line.split()[:3] for line in said.lines[1:]] == [
        ["follow_up", "60", "yes"],
        ["re_engagement", "30", "yes"],
        ["digest", "40", "yes"],
        ["calendar", "80", "yes"],
        ["curiosity", "20", "yes"],
    ]
    assert said.lines[4].endswith("  whether to speak before an appointment")


def test_a_pause_is_written_for_every_worker(terminal: Terminal) -> None:
    """The control stands on its topic, by agent, with who did it and when; the latest one counts."""
    assert terminal.tactful("agents", "pause", "digest").out == "digest is paused: workers heed it at once\n"
    paused = {each["name"] for each in terminal.tactful("agents", "list", "--json").objects if each["paused"]}
    assert paused == {"digest"}
    terminal.tactful("agents", "resume", "digest")
    assert not [each for each in terminal.tactful("agents", "list", "--json").objects if each["paused"]]
    records = terminal.records("nudge-controls")
    assert [record.key for record in records] == [b"digest", b"digest"]
    assert [value["paused"] for value in values(records)] == [True, False]


def test_a_pause_of_everything_is_each_ones(terminal: Terminal) -> None:
    """`*` pauses all, and taking it back leaves an agent paused that was paused by its name."""
    terminal.tactful("agents", "pause", "calendar")
    terminal.tactful("agents", "pause", "*")
    assert all(each["paused"] for each in terminal.tactful("agents", "list", "--json").objects)
    terminal.tactful("agents", "resume", "*")
    paused = {each["name"] for each in terminal.tactful("agents", "list", "--json").objects if each["paused"]}
    assert paused == {"calendar"}


def test_what_still_keeps_an_agent_silent_is_said(terminal: Terminal) -> None:
    """To resume one while everything is paused, or everything while one is paused, is not the whole of it."""
    terminal.tactful("agents", "pause", "digest")
    terminal.tactful("agents", "pause", "*")
    assert (
        "which is paused too: tactful agents resume '*'" in terminal.tactful("agents", "resume", "digest").out
    )
    terminal.tactful("agents", "pause", "digest")
    said = terminal.tactful("agents", "resume", "*").out
    assert said == "everything goes on but digest, paused by name: tactful agents resume NAME\n"
    assert terminal.tactful("agents", "resume", "digest").out == "digest goes on\n"
    assert terminal.tactful("agents", "resume", "*").out == "everything goes on\n"


def test_the_switch_of_an_agent_that_is_gone_can_be_cleared(terminal: Terminal) -> None:
    """It was renamed, or its import path taken out; what was never paused is no agent."""
    terminal.append(
        NewRecord("nudge-controls", b"newsletter", b'{"paused":true,"at":"2026-03-02T12:00:00Z"}', NOON_MS)
    )
    assert terminal.tactful("agents", "resume", "newsletter").out == "newsletter goes on\n"
    assert terminal.tactful("agents", "resume", "never").code == 2
    assert len(terminal.records("nudge-controls")) == 2


def test_an_unknown_agent_is_not_paused(terminal: Terminal) -> None:
    """Exit 2, and the names there are."""
    said = terminal.tactful("agents", "pause", "newsletter")
    assert said.code == 2
    assert "there is no agent 'newsletter': one of calendar, curiosity," in said.err
    assert not terminal.log.exists()


def test_the_list_is_told_though_the_log_is_away(terminal: Terminal) -> None:
    """Exit 3: only whether anything is paused is not known."""
    said = terminal.tactful("agents", "list", env={"TACTFUL_LOG": "kafka://127.0.0.1:1"})
    assert said.code == 3
    assert len(said.lines) == 6
    assert said.err.startswith("whether anything is paused is not known: no broker answers")


def test_a_new_agent_works_as_it_is(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the contract, its words pass every check, and its story runs; named as it was asked for."""
    folder = terminal.folder / "mine"
    said = terminal.tactful("agents", "new", "late_parcel", "--into", folder)
    assert said.code == 0
    assert said.lines[:2] == [f"wrote {folder / 'late_parcel.py'}", f"wrote {folder / 'late_parcel.yaml'}"]
    assert (
        "my_agent" not in (folder / "late_parcel.py").read_text() + (folder / "late_parcel.yaml").read_text()
    )
    monkeypatch.syspath_prepend(str(folder))
    module = importlib.import_module("late_parcel")
    try:
        assess = lambda text, facts, locale: problems(text, facts=facts, locale=locale, last_text="")  # noqa: E731 - short
        assert held_to(module.agent, assess) == []
        env = {"TACTFUL_AGENTS": "late_parcel:agent"}
        ran = terminal.tactful("scenario", "run", folder / "late_parcel.yaml", env=env)
        assert (ran.code, ran.out[:2]) == (0, "ok")
        listed = terminal.tactful("agents", "list", env=env).lines[-1]
        assert listed.endswith(
            "whether to say a word about something that was noticed and has not settled by itself"
        )
    finally:
        del sys.modules["late_parcel"]


def test_nothing_is_written_over(terminal: Terminal) -> None:
    """Exit 2 where a file is there already, and for a name that no agent can have or another one has."""
    terminal.tactful("agents", "new", "late_parcel")
    before = Path("late_parcel.py").read_text()
    for name, says in (
        ("late_parcel", "is there already"),
        ("LateParcel", "is no name for an agent"),
        ("class", "is no name for an agent"),
        ("digest", "there is an agent called 'digest' already"),
    ):
        said = terminal.tactful("agents", "new", name)
        assert said.code == 2, name
        assert says in said.err
    assert Path("late_parcel.py").read_text() == before
