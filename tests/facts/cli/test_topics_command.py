"""The contract as it is printed; on an embedded log there is nothing to create."""

from __future__ import annotations

import json

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
    requested = schemas["user-events"]["intent.requested"]["$defs"]["IntentRequested"]
    assert set(requested["required"]) == {"agent", "subject", "due_at"}
    assert "nudge_id" in schemas["nudges"]["$defs"]["Nudge"]["properties"]
