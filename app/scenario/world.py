"""The world a story runs in: a log, a worker, a model, and a clock that moves when it is told to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from agents.contract import Agent
from app.core.policy import Policy
from app.core.row import Row
from app.model.script import Script
from app.scenario.expected import OpenIntent
from topics.record import NewRecord, Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StuckError(Exception):
    """A story does not come to an end: something happens at one instant over and over.

    Operator action: this is a defect in the worker or in an agent; the message says where it stood.
    """


class UnreachableError(Exception):
    """What the world runs on cannot be reached.

    Operator action: start the broker or mend its address, then run again; no story was judged.
    """


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a world is made of; the script is the story's own and outlives every worker."""

    name: str
    start: datetime
    policy: Policy
    agents: Mapping[str, Agent]
    script: Script


class World(Protocol):
    """One story's world. Nothing happens in it between two calls."""

    def append(self, records: Sequence[NewRecord]) -> None:
        """These stand in the log as of now, in this order; nobody has looked at them yet."""

    def settle(self) -> None:
        """All that can happen now happens: what was appended is looked at first, then what is due."""

    def advance(self, to: datetime) -> None:
        """Time passes: what falls due before `to` happens at its own time; then it is `to`."""

    def crash(self) -> None:
        """The worker is killed and started again: what was not committed is lost."""

    def restart(self) -> None:
        """The worker commits what it has decided, ends, and is started again."""

    def wipe(self) -> None:
        """A crash after which the local state is gone, too."""

    def stop(self) -> None:
        """The worker commits what it has decided and ends; events go on arriving."""

    def start(self) -> None:
        """A worker that was stopped is started again."""

    def control(self, agent: str, *, paused: bool) -> None:
        """An agent (`*`: all of them) is paused, or resumed."""

    def records(self, topic: str) -> Sequence[Record]:
        """All that stands committed in a topic, in log order per partition."""

    def open_intents(self) -> Sequence[OpenIntent]:
        """All that is planned, as of the last commit."""

    def close(self) -> None:
        """The world ends, and leaves nothing behind."""


def milliseconds(at: datetime) -> int:
    """A time as a log's timestamp."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def open_in(rows: Iterable[Row]) -> list[OpenIntent]:
    """What is open in these rows, by person and in the order of opening."""
    return [
        OpenIntent(
            user_id=row.user_id,
            agent=intent.agent,
            intent_id=intent.intent_id,
            subject=intent.subject,
            subject_key=intent.subject_key,
            importance=intent.importance,
            opened_at=intent.opened_at,
            due_at=intent.due_at,
            expires_at=intent.expires_at,
            status=intent.status,
            version=intent.version,
            deferred_by=intent.deferred_by,
        )
        for row in sorted(rows, key=lambda row: row.user_id)
        for intent in sorted(row.intents.values(), key=lambda intent: intent.opened_by.offset)
    ]
