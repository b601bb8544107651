"""The console's week, told in memory: the values of its pages, without a server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec

from agents import load
from app import demo
from app.console.frame_values import Frame
from app.console.person_row import FOLLOWED, PersonRow, fold
from app.console.person_view import person_view
from app.console.values import PersonView
from app.core.partition import HEAD_KEY
from app.scenario.runner import run
from app.scenario.story import Story, parse, read
from app.scenario.world import Setting
from app.scenario.world_memory import MemoryWorld
from topics.record import Record
from topics.state import NUDGE_STATE

WEEK = Path(demo.__file__).parent / "week.yaml"
KEEP = timedelta(days=90)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A story that was told to its end, and what the topics hold of it."""

    story: Story
    records: Sequence[Record]
    now: datetime

    def person(self, user_id: str, *, shown: bool = True) -> PersonView:
        """The person's page as a value."""
        row: PersonRow | None = None
        for record in self.records:
            if record.key == user_id.encode():
                row = fold(row, record, keep=KEEP)
        return person_view(
            row or PersonRow(user_id=user_id),
            policy=self.story.policy,
            agents=frozenset(load(())),
            now=self.now,
            shown=shown,
            partition=0,
        )


def told(story: Story) -> Told:
    """Tell a story in memory."""
    worlds: list[MemoryWorld] = []

    def make(setting: Setting) -> MemoryWorld:
        worlds.append(MemoryWorld(setting))
        return worlds[0]

    run(story, load(()), make)
    world = worlds[0]
    records = [record for topic in FOLLOWED for record in world.records(topic)]
    rows = [
        Record(NUDGE_STATE.name, 0, number, key.encode(), value, 0)
        for number, (key, value) in enumerate(world._rows.items())
        if key != HEAD_KEY
    ]
    records.sort(key=lambda record: record.timestamp_ms)
    return Told(story=story, records=[*records, *rows], now=story.timeline[-1].at)


@cache
def week() -> Told:
    """The story that `tactful demo --keep` tells."""
    return told(read(WEEK))


def telling(text: str) -> Told:
    """A story of a test's own."""
    return told(parse(text))


def frame(now: datetime, path: str = "/") -> Frame:
    """What stands around a page."""
    return Frame(now=now, csrf="c5rf-t0ken", path=path, log="embedded log in ./tactful-data", version="0.1.0")
