"""A real worker's topics on an embedded log, each copy with one thing changed by hand: `tactful verify` names it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents import load
from app.cli import verify
from app.drivers.embedded import EmbeddedLog
from app.outside.folder import records_of
from app.scenario.runner import run
from app.scenario.story import read
from app.scenario.world import Setting
from app.scenario.world_process import EmbeddedWorld
from app.verify.seen import ORDER
from tests.facts.cli.terminal import Said, Terminal
from tests.facts.verify.shown import STORY, Topics
from tests.facts.verify.tampering import BROKEN

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def topics() -> Iterator[Topics]:
    """What a worker in a process of its own left behind."""
    worlds: list[EmbeddedWorld] = []

    def make(setting: Setting) -> EmbeddedWorld:
        worlds.append(EmbeddedWorld(setting, keep=True))
        return worlds[-1]

    result = run(read(STORY), load([]), make)
    assert result.passed, result.failures
    folder = worlds[0].folder
    log = EmbeddedLog(folder / "log")
    found = {topic: tuple(records_of(log, topic)) for topic in ORDER}
    log.close()
    yield found
    shutil.rmtree(folder)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Nobody writes here: what is seen twice need not be waited for."""
    monkeypatch.setattr(verify, "AGAIN_S", 0.0)
    policy = tmp_path / "policy.json"
    policy.write_text(read(STORY).policy.model_dump_json())
    return Terminal(tmp_path, {"TACTFUL_POLICY": str(policy)})


def verified(terminal: Terminal, topics: Topics) -> Said:
    terminal.holds(topics)
    return terminal.tactful("verify", "--json")


def test_an_untouched_copy_is_sound(terminal: Terminal, topics: Topics) -> None:
    """Every promise was kept, and six nudges went out."""
    said = verified(terminal, topics)
    assert (said.code, said.object["broken"], said.object["nudges"]) == (0, [], 6)


@pytest.mark.parametrize("name", BROKEN)
def test_what_was_changed_by_hand_is_named(terminal: Terminal, topics: Topics, name: str) -> None:
    """Exit 1, the promise, the id that shows it, and how."""
    tamper, check, says = BROKEN[name]
    said = verified(terminal, tamper(topics))
    found = [one for one in said.object["broken"] if one["check"] == check and says in one["says"]]
    assert (said.code, bool(found)) == (1, True), said.object["broken"]
    assert all(one["id"] for one in found)
