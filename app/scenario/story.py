"""The scenario format: a story that can be run, checked key by key before anything of it happens."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.core.policy import Policy, WallClock
from app.model.script import Rule
from app.scenario.errors import StoryError, from_validation
from app.scenario.expected import Expect
from app.scenario.parts import Instant, Name, Part, refuse_unknown
from app.yaml12 import YamlError, load

START_SOURCE = "scenario-start"
"""The source of the events that `users` become; its grants always count, whatever `consent_sources` says."""

Deed = Literal["crash", "restart", "wipe", "stop", "start", "pause", "resume", "model_down", "model_up"]


class TheirQuietHours(Part):
    """A person's own night, local to them; both ends are said."""

    start: WallClock
    end: WallClock


class User(Part):
    """A person at the start: becomes `profile.updated` and one `consent.changed` for each consent."""

    timezone: str | None = None
    locale: str | None = None
    name: str | None = None
    quiet_hours: TheirQuietHours | None = None
    consents: tuple[str, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is no IANA time zone: write it like Europe/Madrid") from None
        return value


class EventEntry(Part):
    """An event that a service writes at `at`; `time`, `id` and `source` as wished.

    Data and time are not checked here: a story may tell what becomes of an event that has no sense.
    """

    at: Instant
    user: Name
    event: str
    data: Any = Field(default_factory=dict)
    id: Name | None = None
    source: str | None = None
    time: str | None = None


class RawEntry(Part):
    """Bytes as somebody wrote them, with a key or with none."""

    at: Instant
    key: Name | None
    raw: str | None = None
    raw_base64: str | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> RawEntry:
        if {"raw", "raw_base64"} <= self.model_fields_set:
            raise ValueError("give raw or raw_base64, not both")
        try:
            base64.b64decode(self.raw_base64 or "", validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("raw_base64 is no base64") from None
        return self

    @property
    def value(self) -> bytes | None:
        """What stands in the log; None for `raw: null`."""
        if self.raw_base64 is not None:
            return base64.b64decode(self.raw_base64)
        return None if self.raw is None else self.raw.encode()


class DoEntry(Part):
    """Something that is done to the worker or the model, not an event of anybody's life."""

    at: Instant
    do: Deed
    agent: str | None = None

    @model_validator(mode="after")
    def _agent_where_it_belongs(self) -> DoEntry:
        if (self.do in {"pause", "resume"}) != (self.agent is not None):
            raise ValueError('pause and resume need an agent (a name, or "*" for all), nothing else has one')
        return self


class UntilEntry(Part):
    """Time passes up to and with this instant."""

    until: Instant

    @property
    def at(self) -> datetime:
        """Where it stands in the story."""
        return self.until


def _kind(value: object) -> str:
    keys = value if isinstance(value, Mapping) else {}
    if "until" in keys:
        return "entry:until"
    if "do" in keys:
        return "entry:do"
    return "entry:raw" if "raw" in keys or "raw_base64" in keys else "entry:event"


Entry = Annotated[
    Annotated[EventEntry, Tag("entry:event")]
    | Annotated[RawEntry, Tag("entry:raw")]
    | Annotated[DoEntry, Tag("entry:do")]
    | Annotated[UntilEntry, Tag("entry:until")],
    Discriminator(_kind),
]


_REPLIES = {
    "reading": ("verdicts", "subjects", "mutes"),
    "compose": ("text",),
    "judge": ("score", "problems"),
}
_SAID = {
    "verdicts": ("intent", "verdict", "message", "confidence", "until"),
    "subjects": ("subject", "agent", "message", "when", "importance"),
    "mutes": ("subject", "message"),
}


def _known_in_replies(rule: Rule) -> Rule:
    """A reply has the keys of its task's answer; its values may be senseless on purpose."""
    reply = rule.reply or {}
    refuse_unknown(reply, _REPLIES[rule.ask], "reply")
    for key, known in _SAID.items():
        for number, said in enumerate(reply.get(key) or ()):
            refuse_unknown(said, known, "reply", key, number)
    return rule


class Story(Part):
    """A story as its author told it; `policy` is already laid over the defaults."""

    name: str
    start: Instant
    users: Mapping[Name, User | None] = {}
    policy: Policy = Policy()
    model: tuple[Annotated[Rule, AfterValidator(_known_in_replies)], ...] = ()
    timeline: tuple[Entry, ...]
    expect: Expect = Expect()

    @field_validator("policy", mode="after")
    @classmethod
    def _start_events_count(cls, value: Policy) -> Policy:
        """Where only some sources' grants count, those that a story starts with count as well."""
        if not value.consent_sources:
            return value
        return value.model_copy(update={"consent_sources": (*value.consent_sources, START_SOURCE)})

    @field_validator("timeline", mode="after")
    @classmethod
    def _something_happens(cls, value: tuple[Entry, ...]) -> tuple[Entry, ...]:
        if not value:
            raise ValueError("is empty: a story needs at least {until: TIME}")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Story:
        before, said = self.start, "the start"
        for number, entry in enumerate(self.timeline, start=1):
            if entry.at < before:
                raise PydanticCustomError(
                    "order",
                    "{message}",
                    {
                        "message": f"stands before {said} ({before.isoformat()}): tell in order of time",
                        "path": ("timeline", number - 1),
                    },
                )
            before, said = entry.at, f"entry {number}"
        return self


def parse(text: str, name: str = "story") -> Story:
    """A story from YAML 1.2; StoryError names file, line and place of all that is wrong."""
    try:
        document = load(text)
    except YamlError as error:
        raise StoryError(f"{name}: {error}") from None
    if not isinstance(document, Mapping):
        raise StoryError(f"{name}:1: a story is a mapping with name, start, users, timeline and expect")
    try:
        return Story.model_validate(document)
    except ValidationError as error:
        raise from_validation(error, text, name) from None


def read(path: Path) -> Story:
    """The story in a file; StoryError also when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoryError(f"{path}: cannot be read: {error}") from None
    return parse(text, str(path))
