"""Records for the tests: what a story leaves in the log of memory, as `events tail --json` would print it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

import agents
from app.outside.lines import to_line
from app.scenario.runner import run, stories
from app.scenario.story import Story
from app.scenario.world import Setting, milliseconds
from app.scenario.world_memory import MemoryWorld
from topics.controls import NUDGE_CONTROLS, Control
from topics.record import NewRecord, Record

AGENTS = agents.load(())
TOPICS = ("user-events", "nudge-pass", "nudge-outcome", "nudges", "nudge-controls")


class Recording(MemoryWorld):
    """A world in memory that also writes its controls down, as a log does."""

    def control(self, agent: str, *, paused: bool) -> None:
        super().control(agent, paused=paused)
        value = msgspec.json.encode(Control(paused=paused, at=self._now, by="story"))
        self.append([NewRecord(NUDGE_CONTROLS.name, agent.encode(), value, milliseconds(self._now))])


def lived(story: Story) -> Recording:
    """The world in which the story was told, as it was when the story ended."""
    worlds: list[Recording] = []

    def make(setting: Setting) -> Recording:
        worlds.append(Recording(setting))
        return worlds[0]

    result = run(story, AGENTS, make)
    assert result.failures == []
    return worlds[0]


def story_of(path: Path) -> Story:
    """The story of a file."""
    return stories([path], AGENTS)[0][1]


def written(path: Path, world: MemoryWorld, topics: Sequence[str] = TOPICS) -> Path:
    """The record of these topics in one file."""
    return write(path, (record for topic in topics for record in world.records(topic)))


def write(path: Path, records: Iterable[Record]) -> Path:
    """These records as lines."""
    path.write_bytes(b"".join(to_line(record) + b"\n" for record in records))
    return path
