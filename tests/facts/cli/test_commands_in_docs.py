"""What the documentation tells people to type is something that can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from app.cli.main import app

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "app" / "docs").glob("*.md"))]
COMMAND = re.compile(r"`(?:\.venv/bin/)?tactful ([a-z][^`\n]*)`")


def wrong(line: str) -> str:
    """What is wrong with a command line after `tactful`; empty when each command and option is known."""
    command: Any = get_command(app)
    words = shlex.split(line.replace("[", " ").replace("]", " ").partition(" > ")[0].partition(" | ")[0])
    for word in words:
        if hasattr(command, "get_command"):
            found = command.get_command(None, word)
            if found is None:
                return f"there is no `tactful {line}`: {word}"
            command = found
        elif word.startswith("--") and word != "--help":
            options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
            if word.partition("=")[0] not in options:
                return f"`tactful {line}` has no {word}"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_that_a_page_names_is_one(page: Path) -> None:
    """With the options that it is given there."""
    found = [wrong(line) for line in COMMAND.findall(page.read_text())]
    assert [complaint for complaint in found if complaint] == []


def test_a_command_that_is_none_is_found() -> None:
    """Neither a command, nor one below it, nor an option goes through that there is not."""
    assert wrong("verify --expect-idle") == ""
    assert "dead-letters" in wrong("dead-letters list")
    assert "replai" in wrong("dead-letter replai")
    assert "--reson" in wrong("dead-letter replay --reson defect")
