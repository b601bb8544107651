"""A terminal in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.facts.cli.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Nothing of the machine's own settings, and nothing on the log."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "TACTFUL_POLICY",
        "TACTFUL_AGENTS",
        "TACTFUL_TOPIC_PREFIX",
        "TACTFUL_MODEL",
        "ANTHROPIC_API_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    return Terminal(tmp_path)
