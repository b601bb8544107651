"""A terminal in a folder of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.facts.cli.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Nothing of the machine's own settings, and nothing on the log."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("TACTFUL_", "ANTHROPIC_"))]:
        monkeypatch.delenv(name, raising=False)
    return Terminal(tmp_path)
