"""The contract as it is printed; on an embedded log there is nothing to create."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.facts.cli.terminal import Terminal
from topics import TOPICS


def test_the_contract_is_printed(terminal: Terminal) -> None:
    """Every topic by its name with the deployment's prefix, how long it is kept, what it holds."""
    said = terminal.tactful("topics", "list", env={"TACTFUL_TOPIC_PREFIX": "ours."})
    assert [line.split()[0] for line in said.lines[1:]] == [f"ours.{topic.name}" for topic in TOPICS]
    listed = {one["name"]: one for one in terminal.tactful("topics", "list", "--json").objects}
    assert listed["nudge-state"]["config"]["cleanup.policy"] == "compact"
    assert listed["dead-letter"]["partitions"] == 1


@pytest.mark.parametrize("command", ["apply", "check"])
def test_an_embedded_log_needs_no_topics(terminal: Terminal, command: str) -> None:
    """Exit 0, and it is said why."""
    said = terminal.tactful("topics", command)
    assert said.code == 0
    assert said.out.startswith("an embedded log makes its topics by itself")


def test_schemas_are_json_schemas(terminal: Terminal) -> None:
    """Of user-events one for each type, of the others one each."""
    schemas = json.loads(terminal.tactful("topics", "schemas").out)
    requested = schemas["user-events"]["intent.requested"]["properties"]["data"]
    assert set(requested["required"]) == {"agent", "subject", "due_at"}
    assert "nudge_id" in schemas["nudges"]["properties"]


def test_the_contract_is_written_to_files(terminal: Terminal, tmp_path: Path) -> None:
    """What was there before of it and is no part any more goes; the document is what is printed, too."""
    folder, file = tmp_path / "schemas", tmp_path / "asyncapi.json"
    folder.mkdir()
    (folder / "user-events.gone.json").write_text("{}")
    assert terminal.tactful("topics", "schemas", "--to", str(folder)).code == 0
    assert {each.name for each in folder.iterdir()} >= {"nudges.json", "topics.json"}
    assert not (folder / "user-events.gone.json").exists()
    terminal.tactful("topics", "asyncapi", "--to", str(file))
    assert file.read_text() == terminal.tactful("topics", "asyncapi").out


def test_compatibility_wants_schemas(terminal: Terminal, tmp_path: Path) -> None:
    """A folder without them is a usage error, not a pass."""
    assert terminal.tactful("topics", "compatible").code == 0
    said = terminal.tactful("topics", "compatible", "--with", str(tmp_path))
    assert said.code == 2
    assert "tactful topics schemas --to" in said.err
