"""What a story's users and entries put on the log: plain JSON events, as a service would write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from app.scenario.ending import Json, body, said
from app.scenario.expected import OpenIntent
from app.scenario.story import START_SOURCE, EventEntry, RawEntry, Story, User
from app.scenario.world import World, milliseconds
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.record import NewRecord
from topics.user_events import USER_EVENTS

SOURCE = "scenario"
"""The source of an entry that names none; its id is then its number in the timeline."""
_IN_PLACE_OF_AN_ID = ("nudge", "intent")

What = Literal["last", "nudge", "intent"]
Named = Callable[[What, str], str]
"""The id of a person's last nudge, or of the latest nudge or intent with a subject."""


class NotThereError(Exception):
    """An entry names a nudge or an intent that has not come about: a failed expectation."""


def start_records(story: Story) -> Iterator[NewRecord]:
    """What is known of the people when the story starts: their profiles and their consents."""
    for user_id, user in story.users.items():
        known = user or User()
        profile = known.model_dump(exclude_none=True, exclude={"consents"})
        events = [("profile.updated", profile)] if profile else []
        events += [("consent.changed", {"agent": agent, "granted": True}) for agent in known.consents]
        for number, (kind, data) in enumerate(events, start=1):
            at = story.start
            identity = START_SOURCE, f"{user_id}-{number}"
            yield _event(user_id, at, kind, data, identity=identity, time=at.isoformat())


def entry_record(entry: EventEntry | RawEntry, number: int, named: Callable[[str], Named]) -> NewRecord:
    """The record of one entry; `number` is its place in the timeline, counted from 1."""
    if isinstance(entry, RawEntry):
        key = None if entry.key is None else entry.key.encode()
        return NewRecord(USER_EVENTS.name, key, entry.value, milliseconds(entry.at))
    return _event(
        entry.user,
        entry.at,
        entry.event,
        _value("", entry.data, named(entry.user)),
        identity=(entry.source or SOURCE, entry.id or str(number)),
        time=entry.time or entry.at.isoformat(),
    )


def names_in(world: World) -> Callable[[str], Named]:
    """How the entries of a person name what happened in this world until now."""

    def of(user_id: str) -> Named:
        def named(what: What, subject: str) -> str:
            field, found = ("intent_id", _intents) if what == "intent" else ("nudge_id", _nudges)
            fitting = [one for one in found(world, user_id) if what == "last" or one["subject"] == subject]
            if fitting:
                return str(fitting[-1][field])
            sought = "has got no nudge" if what == "last" else f"has no {what} with the subject {subject!r}"
            raise NotThereError(f"{user_id} {sought} by then")

        return named

    return of


def _nudges(world: World, user_id: str) -> list[Json]:
    return [nudge for nudge in said(world.records(NUDGES.name), "nudge") if nudge["user_id"] == user_id]


def _intents(world: World, user_id: str) -> list[Json]:
    """What is or was open, the latest opening last."""
    closed = [value for value in map(body, world.records(NUDGE_OUTCOME.name)) if value["user_id"] == user_id]
    still: list[OpenIntent] = [intent for intent in world.open_intents() if intent.user_id == user_id]
    found = [(_at(one["opened_at"]), one) for one in [*closed, *map(msgspec.to_builtins, still)]]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _at(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _value(key: str, value: Any, named: Named) -> Any:
    """`last` and `{nudge: SUBJECT}` or `{intent: SUBJECT}` stand in place of an id, and nowhere else."""
    an_id = key.endswith("_id") or key == "in_reply_to"
    if an_id and value == "last" and key in {"nudge_id", "in_reply_to"}:
        return named("last", "")
    if isinstance(value, Mapping):
        if an_id and len(value) == 1 and (what := next(iter(value))) in _IN_PLACE_OF_AN_ID:
            return named(what, str(value[what]))
        return {below: _value(below, each, named) for below, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_value("", each, named) for each in value]
    return value


def _event(
    user_id: str,
    at: datetime,
    kind: str,
    data: Any,
    *,
    identity: tuple[str, str],
    time: str,
) -> NewRecord:
    source, event_id = identity
    value = {"id": event_id, "source": source, "type": kind, "time": time, "user_id": user_id, "data": data}
    encoded = json.dumps(value, ensure_ascii=False).encode()
    return NewRecord(USER_EVENTS.name, user_id.encode(), encoded, milliseconds(at))
