"""What is wrong with a deployment is said with what to do, and nothing is changed by asking."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import pytest

from tests.facts.cli.terminal import NOON_MS, Said, Terminal
from topics.record import NewRecord


def of(said: Said, about: str) -> list[Any]:
    """The findings about one thing."""
    return [finding for finding in said.objects if finding["about"] == about]


def doctor(terminal: Terminal, **env: str) -> Said:
    return terminal.tactful("doctor", "--json", env={"TACTFUL_MODEL": "scripted"} | env)


def test_a_deployment_that_works_is_fine(terminal: Terminal) -> None:
    """Exit 0; what should be known is a note, and asking leaves nothing behind."""
    said = doctor(terminal)
    assert said.code == 0
    assert {finding["state"] for finding in said.objects} == {"fine", "note"}
    assert of(said, "model")[0]["says"] == "it is scripted: not for production"
    assert not terminal.log.exists()


def test_it_is_told_in_words(terminal: Terminal) -> None:
    """One line a finding, and below it why it matters and what to do."""
    lines = terminal.tactful("doctor", env={"TACTFUL_MODEL": "none"}).lines
    assert "fine   settings: every variable can be used" in lines
    assert "       unread words hold their plans, everything else goes out in the agents' own words" in lines
    assert "       -> set TACTFUL_MODEL=anthropic to have people's words understood" in lines
    assert lines[-1] == "nothing to mend, 1 thing to know"
    broken = terminal.tactful("doctor", env={"TACTFUL_MODEL": "none", "TACTFUL_LOG": "memory:"})
    assert broken.lines[-1] == "1 thing to mend, 1 thing to know"


@pytest.mark.parametrize(
    ("env", "about", "says"),
    [
        ({"TACTFUL_LOG": "kafka:localhost"}, "settings", "TACTFUL_LOG: 'kafka:localhost' is no log"),
        ({"TACTFUL_HTTP": "0.0.0.0:8080"}, "settings", "can be reached from other machines"),
        ({"TACTFUL_POLICY": "nowhere.yaml"}, "policy", "nowhere.yaml cannot be read"),
        ({"TACTFUL_AGENTS": "nowhere:agent"}, "agents", "No module named 'nowhere'"),
        ({"TACTFUL_LOG": "memory:"}, "log", "TACTFUL_LOG is memory:"),
        ({"TACTFUL_MODEL": "anthropic"}, "model", "there is no key"),
    ],
)
def test_what_is_set_wrongly_is_named(terminal: Terminal, env: dict[str, str], about: str, says: str) -> None:
    """Every such finding says what to do."""
    said = doctor(terminal, **env)
    assert said.code in {1, 3}
    (found,) = [finding for finding in of(said, about) if finding["state"] == "wrong"]
    assert says in found["says"]
    assert found["do"]


def test_a_misspelt_variable_is_a_note(terminal: Terminal) -> None:
    """It means nothing to us, and may be somebody else's."""
    said = doctor(terminal, TACTFUL_TOPICPREFIX="x")
    assert said.code == 0
    assert of(said, "settings")[0]["says"] == "TACTFUL_TOPICPREFIX means nothing to us"


def test_brokers_that_do_not_answer_are_away(terminal: Terminal) -> None:
    """Exit 3, and the state folder is looked at besides."""
    said = doctor(
        terminal, TACTFUL_LOG="kafka://127.0.0.1:1", TACTFUL_STATE_DIR=str(terminal.folder / "state")
    )
    assert said.code == 3
    assert of(said, "brokers")[0]["says"] == "no broker answers at kafka://127.0.0.1:1"
    assert of(said, "state folder")[0]["state"] == "fine"


HOLD = """import sys
from pathlib import Path
from app.drivers.rocks import Store
store = Store(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""
"""Another process that has a store open until its input ends."""


def test_a_folder_that_somebody_has_open_is_not_enough(terminal: Terminal) -> None:
    """Without a worker that answers nobody can tell how it is: exit 3, and TACTFUL_HTTP is named."""
    command = [sys.executable, "-c", HOLD, str(terminal.log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        said = doctor(terminal)
        other.communicate()
    assert said.code == 3
    (found,) = [one for one in of(said, "log") if one["state"] == "away"]
    assert (found["name"], found["do"]) == ("folder_in_use", "set TACTFUL_HTTP to the worker's address")


def test_a_damaged_folder_needs_a_backup(terminal: Terminal) -> None:
    """Exit 1: an embedded log is the only one there is."""
    terminal.append(NewRecord("user-events", b"ana", b"{}", NOON_MS))
    (terminal.log / "CURRENT").write_text("nothing\n")
    said = doctor(terminal)
    assert said.code == 1
    (found,) = [one for one in of(said, "log") if one["state"] == "wrong"]
    assert found["name"] == "folder_damaged"
    assert "backup" in found["do"]


def test_a_model_of_ones_own_is_knocked_at(terminal: Terminal) -> None:
    """Whoever listens at ANTHROPIC_BASE_URL needs no key; when nobody does, it is away."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        said = doctor(terminal, TACTFUL_MODEL="anthropic", ANTHROPIC_BASE_URL=url)
        assert (said.code, of(said, "model")[0]["state"]) == (0, "fine")
    said = doctor(terminal, TACTFUL_MODEL="anthropic", ANTHROPIC_BASE_URL=url)
    assert (said.code, of(said, "model")[0]["state"]) == (3, "away")


def test_a_question_is_put_only_when_asked_for(terminal: Terminal) -> None:
    """`--ask-model` tries the whole way to an answer."""
    assert len(of(doctor(terminal), "model")) == 1
    said = terminal.tactful("doctor", "--json", "--ask-model", env={"TACTFUL_MODEL": "scripted"})
    assert of(said, "model")[-1]["says"].startswith("scripted answered a question")


def test_the_rights_of_a_role_are_printed(terminal: Terminal) -> None:
    """With this deployment's names; nothing is looked at, so nothing has to answer."""
    env = {"TACTFUL_LOG": "kafka://127.0.0.1:1", "TACTFUL_TOPIC_PREFIX": "ours-", "TACTFUL_GROUP": "workers"}
    said = terminal.tactful("doctor", "--rights", "worker", "--principal", "User:tactful", env=env)
    start = "kafka-acls.sh --bootstrap-server 127.0.0.1:1 --add --allow-principal User:tactful --operation"
    assert said.code == 0
    assert said.lines[0] == f"{start} Read --topic ours-user-events"
    assert said.lines[-2:] == [
        f"{start} Read --group workers",
        f"{start} Write --transactional-id ours-nudge-state- --resource-pattern-type prefixed",
    ]


def test_rights_may_be_read_by_a_program(terminal: Terminal) -> None:
    """One object a right; a role that reads in a group of its own has it by its principal's name."""
    said = terminal.tactful("doctor", "--rights", "data", "--principal", "User:lake", "--json")
    assert [(one["resource"], one["name"], one["operation"]) for one in said.objects] == [
        ("topic", "nudge-outcome", "Read"),
        ("group", "lake", "Read"),
    ]


def test_an_unknown_role_is_answered_with_all_there_are(terminal: Terminal) -> None:
    """Exit 2, as is a principal without a role."""
    said = terminal.tactful("doctor", "--rights", "king")
    assert said.code == 2
    assert "worker, producer, delivery, data, creator, viewer, operator" in said.err
    assert terminal.tactful("doctor", "--principal", "User:x").code == 2
