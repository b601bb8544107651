"""Stories told in memory, to whoever wants their timelines."""

from __future__ import annotations

from pathlib import Path

import agents
from app.demo.show import Telling, at_once
from app.scenario.runner import stories
from app.scenario.story import parse
from app.scenario.world_memory import MemoryWorld

AGENTS = agents.load(())


def told(path: Path) -> Telling:
    """The story in this file, from its start to its end."""
    (_, story) = stories([path], AGENTS)[0]
    return _over(Telling(path.stem, path, story))


def timeline(text: str) -> str:
    """The page of a story that is written down here."""
    telling = _over(Telling("story", Path(), parse(text)))
    assert telling.result.failures == []
    return "\n".join(line.plain for line in telling.page())


def _over(telling: Telling) -> Telling:
    (over,) = at_once([telling], AGENTS, MemoryWorld, jobs=1)
    return over
