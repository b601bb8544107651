"""Each story ends as its author expects and breaks no promise: in memory, on the embedded log, on a broker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import agents
from app.scenario.runner import Result, run, run_all, stories
from app.scenario.world_memory import MemoryWorld
from app.scenario.worlds import world_on

AGENTS = agents.load(())
STORIES = sorted(Path(__file__).parent.glob("*.yaml"))
AT_ONCE = 4
"""Stories with processes of their own: most of their time they wait for a disk or a broker."""

each_story = pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)


@each_story
def test_in_memory(path: Path) -> None:
    """The real partition, a list for a log."""
    told = stories([path], AGENTS)[0][1]
    assert run(told, AGENTS, MemoryWorld).failures == []


def told_on(where: str) -> Mapping[Path, Result]:
    """All stories, told there."""
    told = stories(STORIES, AGENTS)
    return {result.path: result for result in run_all(told, AGENTS, world_on(where), jobs=AT_ONCE)}


@pytest.fixture(scope="module")
def on_the_embedded_log() -> Mapping[Path, Result]:
    """All stories, each with a worker in a process that it can kill."""
    return told_on("embedded")


@pytest.fixture(scope="module")
def on_a_broker(kafka: str) -> Mapping[Path, Result]:
    """All stories, each on topics of its own."""
    return told_on(f"kafka://{kafka}")


@pytest.mark.slow
@each_story
def test_on_the_embedded_log(path: Path, on_the_embedded_log: Mapping[Path, Result]) -> None:
    """Real synced writes, a real SIGKILL, the model asked over HTTP by its SDK."""
    assert on_the_embedded_log[path].failures == []


@pytest.mark.slow
@each_story
def test_on_a_broker(path: Path, on_a_broker: Mapping[Path, Result]) -> None:
    """What passes in memory passes on Kafka."""
    assert on_a_broker[path].failures == []
