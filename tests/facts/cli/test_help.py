"""Every command explains itself."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from typer.main import get_command

from app.cli.main import COMMANDS
from tests.facts.cli.terminal import Terminal


def _every() -> list[list[str]]:
    found: list[list[str]] = []
    for name, module in COMMANDS.items():
        command: Any = get_command(import_module(module).app)
        inside = getattr(command, "commands", None)
        found += [[name, each] for each in inside] if inside else [[name]]
    return found


@pytest.mark.parametrize("words", _every(), ids=" ".join)
def test_help_has_an_example(terminal: Terminal, words: list[str]) -> None:
    """`--help` ends with how the command is typed."""
    said = terminal.tactful(*words, "--help")
    assert said.code == 0
    assert "xample" in said.out
    assert f"tactful {' '.join(words)}" in said.out


def test_an_unknown_command_is_a_usage_error(terminal: Terminal) -> None:
    """Exit 2, and help is named."""
    said = terminal.tactful("evnets")
    assert said.code == 2
    assert "--help" in said.err or "-h" in said.err
