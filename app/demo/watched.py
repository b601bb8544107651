"""A world that is watched: after each step of a story, what is new in it is shown to somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from app.model.script import Script
from app.scenario.ending import Json, body
from app.scenario.expected import OpenIntent
from app.scenario.world import Setting, World
from topics.dead_letters import DEAD_LETTER
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.record import NewRecord, Record
from topics.user_events import USER_EVENTS

_TOPICS = tuple(topic.name for topic in (USER_EVENTS, NUDGES, NUDGE_OUTCOME, NUDGE_PASS, DEAD_LETTER))


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What has come about since the last look, and what is open now."""

    now: datetime
    events: Sequence[Record] = ()
    nudges: Sequence[Json] = ()
    """Recalls too."""
    outcomes: Sequence[Json] = ()
    passes: Sequence[Json] = ()
    dead_letters: Sequence[Record] = ()
    open: Sequence[OpenIntent] = ()
    done: Sequence[str] = ()
    """What was done to the worker and the model."""


class Watched:
    """See World: does what the other world does, and tells `look` what came of it."""

    def __init__(self, world: World, setting: Setting, look: Callable[[Seen], None]) -> None:
        self._world = world
        self._look = look
        self._now = setting.start
        self._script: Script = setting.script
        self._was_down = False
        self._known: dict[str, set[tuple[int, int]]] = {topic: set() for topic in _TOPICS}
        self._done: list[str] = []

    def append(self, records: Sequence[NewRecord]) -> None:
        self._world.append(records)

    def settle(self) -> None:
        self._world.settle()
        self._show()

    def advance(self, to: datetime) -> None:
        self._world.advance(to)
        self._now = to
        self._show()

    def crash(self) -> None:
        self._done.append("the worker is killed, and starts again from its last commit")
        self._world.crash()

    def restart(self) -> None:
        self._done.append("the worker is restarted")
        self._world.restart()

    def wipe(self) -> None:
        self._done.append("the worker is killed and loses its local state, and starts again")
        self._world.wipe()

    def stop(self) -> None:
        self._done.append("the worker stops")
        self._world.stop()

    def start(self) -> None:
        self._done.append("the worker starts again")
        self._world.start()

    def control(self, agent: str, *, paused: bool) -> None:
        who = "every agent" if agent == "*" else agent
        self._done.append(f"an operator {'pauses' if paused else 'resumes'} {who}")
        self._world.control(agent, paused=paused)

    def records(self, topic: str) -> Sequence[Record]:
        return self._world.records(topic)

    def open_intents(self) -> Sequence[OpenIntent]:
        return self._world.open_intents()

    def close(self) -> None:
        self._world.close()

    def _show(self) -> None:
        if self._script.down != self._was_down:
            self._was_down = self._script.down
            self._done.append(f"the model {'goes down' if self._was_down else 'is back'}")
        done, self._done = self._done, []
        new: Mapping[str, list[Record]] = {topic: list(self._new(topic)) for topic in _TOPICS}
        self._look(
            Seen(
                now=self._now,
                events=new[USER_EVENTS.name],
                nudges=[body(record) for record in new[NUDGES.name]],
                outcomes=[body(record) for record in new[NUDGE_OUTCOME.name]],
                passes=[body(record) for record in new[NUDGE_PASS.name]],
                dead_letters=new[DEAD_LETTER.name],
                open=self._world.open_intents(),
                done=done,
            )
        )

    def _new(self, topic: str) -> Iterable[Record]:
        known = self._known[topic]
        for record in self._world.records(topic):
            place = record.partition, record.offset
            if place not in known:
                known.add(place)
                yield record
