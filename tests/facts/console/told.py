"""Stories told in memory, and what the console keeps of the people in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from agents import load
from app.console.person_row import FOLLOWED, PersonRow, fold
from app.console.person_view import person_view
from app.console.values import PersonView
from app.core.head import HEAD_KEY, Head
from app.core.policy import Policy
from app.scenario.runner import Result, run
from app.scenario.story import Story, parse, read
from app.scenario.world import Setting, World, milliseconds
from app.scenario.world_memory import MemoryWorld
from topics.record import Record
from topics.state import NUDGE_STATE

KEEP = timedelta(days=400)
AGENTS = load(())
STORIES = Path(__file__).parents[2] / "scenarios"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A story that came to its end, with every record that was committed."""

    story: Story
    result: Result
    records: dict[str, list[Record]]
    head: Head
    now: datetime
    policy: Policy

    def row(self, user: str) -> PersonRow:
        """What the console keeps of one person."""
        row: PersonRow | None = None
        for topic in FOLLOWED:
            for record in self.records[topic]:
                if record.key == user.encode():
                    row = fold(row, record, keep=KEEP)
        assert row is not None
        return row

    def view(self, user: str, *, shown: bool = True) -> PersonView:
        """That person's page."""
        return person_view(
            self.row(user),
            policy=self.policy,
            agents=frozenset(AGENTS),
            now=self.now,
            shown=shown,
            partition=0,
            head=self.head,
        )


def tell(text: str) -> Told:
    """Run a story that is given as YAML."""
    return _told(parse(text))


def tell_file(name: str) -> Told:
    """Run one of the stories of this repository."""
    return _told(read(STORIES / f"{name}.yaml"))


def _told(story: Story) -> Told:
    worlds: list[MemoryWorld] = []

    def make(setting: Setting) -> World:
        worlds.append(MemoryWorld(setting))
        return worlds[0]

    result = run(story, AGENTS, make)
    world = worlds[0]
    records = {topic: list(world.records(topic)) for topic in FOLLOWED}
    now = story.timeline[-1].at.astimezone(UTC)
    records[NUDGE_STATE.name] = [
        Record(NUDGE_STATE.name, 0, number, user.encode(), value, milliseconds(now))
        for number, (user, value) in enumerate(world._rows.items())
        if user != HEAD_KEY
    ]
    return Told(story=story, result=result, records=records, head=world._head, now=now, policy=story.policy)
