"""The contract's examples, taken from a run of `examples.yaml`; `python -m tests.contract.examples` writes them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

import agents
from app.scenario.runner import run
from app.scenario.story import read
from app.scenario.world import Setting
from app.scenario.world_memory import MemoryWorld
from topics.committed import EXAMPLES, pretty, write
from topics.controls import NUDGE_CONTROLS, Control
from topics.dead_letters import DEAD_LETTER, MARK
from topics.encode import encode
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.record import Record
from topics.user_events import USER_EVENTS

STORY = Path(__file__).with_name("examples.yaml")
MOST = 4
"""Examples of one schema: enough for each kind of outcome that a week holds."""


def told() -> dict[str, Sequence[Record]]:
    """All that stood in the topics when the story had ended."""
    worlds: list[MemoryWorld] = []

    def make(setting: Setting) -> MemoryWorld:
        worlds.append(MemoryWorld(setting))
        return worlds[-1]

    result = run(read(STORY), agents.load([]), make)
    if result.failures:
        raise ValueError(result.failures)
    topics = (USER_EVENTS, NUDGES, NUDGE_OUTCOME, NUDGE_PASS, DEAD_LETTER)
    return {topic.name: worlds[0].records(topic.name) for topic in topics}


def taken(topics: dict[str, Sequence[Record]]) -> dict[str, list[Any]]:
    """For each schema some records that are not alike."""
    refused = {header(each, "offset") for each in topics[DEAD_LETTER.name]}
    events = [each for each in topics[USER_EVENTS.name] if str(each.offset) not in refused]
    found = {NUDGE_CONTROLS.name: [msgspec.json.decode(encode(_pause()))]}
    for event in map(value, events):
        found.setdefault(f"{USER_EVENTS.name}.{event['type']}", [event])
    found[NUDGES.name] = differing(map(value, topics[NUDGES.name]), "kind", "written_by")
    found[NUDGE_OUTCOME.name] = differing(map(value, topics[NUDGE_OUTCOME.name]), "outcome", "reason")
    passes = sorted(map(value, topics[NUDGE_PASS.name]), key=lambda one: -len(one["asks"]))
    found[NUDGE_PASS.name] = passes[:1] + [one for one in passes if len(one["candidates"]) > 1][:1]
    found[DEAD_LETTER.name] = [
        {name: text.decode() for name, text in letter.headers} for letter in topics[DEAD_LETTER.name]
    ]
    return found


def differing(values: Iterable[Any], *by: str) -> list[Any]:
    """The first of each kind."""
    kinds: dict[tuple[Any, ...], Any] = {}
    for each in values:
        kinds.setdefault(tuple(each[name] for name in by), each)
    return list(kinds.values())[:MOST]


def value(record: Record) -> Any:
    """What the record says, as JSON."""
    return msgspec.json.decode(record.value or b"null")


def header(record: Record, name: str) -> str:
    """One of the marks of a dead letter."""
    return next((text.decode() for each, text in record.headers if each == MARK + name), "")


def files() -> dict[str, bytes]:
    """The examples as they are committed."""
    return {f"{name}.json": pretty(each) for name, each in taken(told()).items()}


def _pause() -> Control:
    """As `tactful agents pause` writes it."""
    return Control(paused=True, at=datetime(2026, 3, 2, 8, tzinfo=UTC), by="ops")


if __name__ == "__main__":
    write(files(), EXAMPLES)
    sys.stdout.write(f"written: {EXAMPLES}\n")
