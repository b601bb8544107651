"""A story's topics as the verifier reads them, and copies of them that were tampered with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from agents import load
from app.core.head import HEAD_KEY
from app.scenario.runner import run
from app.scenario.story import Story, read
from app.scenario.world import Setting
from app.scenario.world_memory import MemoryWorld
from app.verify.checks import broken
from app.verify.finding import Broken, Given
from app.verify.seen import ORDER, Seen
from topics.record import Record

STORY = Path(__file__).with_name("story.yaml")
Topics = Mapping[str, tuple[Record, ...]]
"""The records of each topic; in these stories there is one partition."""


@cache
def told(path: Path = STORY) -> tuple[Story, Topics]:
    """A story, told once, and what its topics hold in the end."""
    story = read(path)
    worlds: list[MemoryWorld] = []

    def make(setting: Setting) -> MemoryWorld:
        worlds.append(MemoryWorld(setting))
        return worlds[-1]

    result = run(story, load([]), make)
    assert result.passed, result.failures
    (world,) = worlds
    topics = {topic: tuple(world.records(topic)) for topic in ORDER}
    topics["nudge-state"] = (
        row(HEAD_KEY, msgspec.msgpack.encode(world._head)),
        *(row(user, value) for user, value in world._rows.items()),
    )
    return story, topics


def row(user: str, value: bytes) -> Record:
    """A record of `nudge-state`."""
    return Record("nudge-state", 0, 0, user.encode(), value, 0)


def found(topics: Topics | None = None, *, path: Path = STORY, **given: Any) -> list[Broken]:
    """What is broken in a story's topics, or in these in their place."""
    story, as_told = told(path)
    seen = Seen(1)
    for topic in ORDER:
        for record in (topics or as_told)[topic]:
            seen.add(record)
    asked = Given(min_gap=story.policy.min_gap, policy_version=story.policy.version)
    return broken(seen, msgspec.structs.replace(asked, **given))


def changed(topics: Topics, topic: str, how: Callable[[list[Record]], Iterable[Record]]) -> Topics:
    """A copy in which one topic is another one."""
    return {**topics, topic: tuple(how(list(topics[topic])))}


def with_value(record: Record, **fields: Any) -> Record:
    """A record whose JSON says something else."""
    return msgspec.structs.replace(record, value=json.dumps(value_of(record) | fields).encode())


def value_of(record: Record) -> Any:
    return json.loads(record.value or b"null")


def with_row(topics: Topics, user: str, **fields: Any) -> Topics:
    """A copy in which the head, or a person's row, has other fields."""

    def patched(record: Record) -> Record:
        if record.key != user.encode():
            return record
        skip = 0 if user == HEAD_KEY else 1
        old = record.value or b""
        patched = msgspec.msgpack.decode(memoryview(old)[skip:]) | fields
        return msgspec.structs.replace(record, value=old[:skip] + msgspec.msgpack.encode(patched))

    return changed(topics, "nudge-state", lambda records: map(patched, records))


def instead(topics: Topics, user: str, event: str, **data: Any) -> Topics:
    """A copy in which the person's event without effect was this one: as if the worker had not heeded it."""

    def patched(record: Record) -> Record:
        value = value_of(record) if record.key == user.encode() else {}
        return with_value(record, type=event, data=data) if value.get("type") == "of.no.effect" else record

    return changed(topics, "user-events", lambda records: map(patched, records))
