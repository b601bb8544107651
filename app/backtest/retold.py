"""One person's events decided again: the real partition, virtual time, the recorded answers, and nobody else in it."""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from agents.contract import Agent, Intent
from app.backtest.answers import Answers, Missing
from app.backtest.arrival import Place
from app.backtest.record import Person, Ripened
from app.core import row
from app.core.asks import Reply, task_of
from app.core.head import Head
from app.core.partition import Partition, PendingAsk
from app.core.policy import Policy
from app.outside.log import moment
from topics.nudges import NUDGES, Nudge
from topics.outcomes import NUDGE_OUTCOME, Outcome
from topics.passes import NUDGE_PASS, Pass
from topics.record import NewRecord, Record
from topics.user_events import USER_EVENTS, IntentMatured

NEAR = timedelta(seconds=2)
"""A healthy worker wakes somebody within this of the time they wait for."""
LOOK_NEAR = timedelta(minutes=1)
"""A reading that the record has this much later is taken for the same one: no decision turns on the minute."""
EVERYBODY = 1_000_000
"""Room for everybody who is due: how a crowd was paced is in the record, as the times at which it was woken."""
LOOK_AGAIN = timedelta(seconds=1)
STEPS_AT_ONE_INSTANT = 10_000
"""Far above what one person can cause at one time; an endless loop shows within a second."""
_NEW = 1 << 62
"""The place of what the record does not hold: after everything of that instant that it does."""


class StuckError(Exception):
    """Something happens to one person at one instant over and over.

    Operator action: this is a defect in the worker or in an agent; the message says whom it concerns.
    """


class Deciding(msgspec.Struct, frozen=True, kw_only=True):
    """What decides now."""

    policy: Policy
    agents: Mapping[str, Agent]
    controls: Sequence[tuple[datetime, str, bool]]
    ends: datetime


class Retold(msgspec.Struct, kw_only=True):
    """What was decided about one person this time, in the order of deciding."""

    outcomes: list[Outcome]
    nudges: list[Nudge]
    passes: list[tuple[datetime, Pass]]
    missing: list[Missing]
    pieced: int = 0
    """Readings whose answer was put together from recorded ones, since other plans are shown now."""
    not_asked: set[str] = set()
    """Plans of which such a reading does not say whether the messages settle them: they are taken not to."""
    still_open: Sequence[Intent]
    """The plans that are open at the record's end."""


def retold(person: Person, came: Mapping[Place, datetime], deciding: Deciding) -> Retold:
    """Everything that the record holds of this person, decided again up to the record's end."""
    return _Telling(person, came, deciding).told()


_passes = msgspec.json.Decoder(Pass)
_outcomes = msgspec.json.Decoder(Outcome)
_nudges = msgspec.json.Decoder(Nudge)


class _Telling:
    """The person's log, the clock, and the partition between them."""

    def __init__(self, person: Person, came: Mapping[Place, datetime], deciding: Deciding) -> None:
        self._user_id = person.user_id
        self._came = came
        self._deciding = deciding
        self._answers = Answers(person)
        self._rows: dict[str, bytes] = {}
        self._partition = Partition(
            0, head=Head(), rows=self._rows.get, policy=deciding.policy, agents=deciding.agents
        )
        self._coming = [(came[one.partition, one.offset], one.offset, one) for one in person.events]
        heapq.heapify(self._coming)
        self._controls = deque(deciding.controls)
        self._paused: frozenset[str] = frozenset()
        self._length = 0
        self._fresh = itertools.count()
        self._now = self._coming[0][0] if self._coming else deciding.ends
        self._began = self._now
        self._asked = 0
        self._answer: tuple[datetime, int, Reply] | None = None
        self._ripened: defaultdict[tuple[str, int], deque[Ripened]] = defaultdict(deque)
        self._by_id: defaultdict[str, deque[Ripened]] = defaultdict(deque)
        for ripened in person.ripened:
            self._by_id[ripened.event_id].append(ripened)
            for named in ripened.named.intents:
                self._ripened[named.intent_id, named.version].append(ripened)
        self._looks = deque(_looks(person))
        self._on_its_way: dict[tuple[str, int], datetime] = {}
        self._told = Retold(outcomes=[], nudges=[], passes=[], missing=[], still_open=())

    def told(self) -> Retold:
        steps, at = 0, self._now
        while (following := self._next()) is not None and following[0] <= self._deciding.ends:
            self._now = max(self._now, following[0])
            steps = steps + 1 if self._now == at else 0
            at = self._now
            if steps > STEPS_AT_ONE_INSTANT:
                raise StuckError(f"{self._user_id}: still busy after {steps} steps at {at.isoformat()}")
            self._switch()
            match following[1]:
                case 0:
                    self._receive()
                case 1:
                    self._hear()
                case _:
                    self._wake()
            self._take()
        self._note_what_is_open()
        return self._told

    def _next(self) -> tuple[datetime, int] | None:
        """The next thing that happens: what came before what was answered, and that before what is due."""
        best: tuple[datetime, int] | None = (self._coming[0][0], 0) if self._coming else None
        if self._answer is not None and (best is None or self._answer[0] < best[0]):
            best = self._answer[0], 1
        due = self._partition.next_wake()
        if due is None:
            return best
        due = max(due, self._now)
        if best is not None and due >= best[0]:
            return best
        woken = self._woken_at(due)
        return best if best is not None and woken >= best[0] else (woken, 2)

    def _woken_at(self, due: datetime) -> datetime:
        """When the worker looks at who is due: as recorded where the record has the same plan, and else at once."""
        if self._answer is not None:
            return due  # the end of the pass that waits is bound to nothing that was recorded
        value = self._rows.get(self._user_id)
        known = None if value is None else row.decode(value)
        within = LOOK_NEAR
        for intent in () if known is None else known.intents.values():
            if intent.wake_at > due:
                continue
            if intent.status == "due":
                within = NEAR
                continue
            named = intent.intent_id, intent.version
            if intent.status == "maturing" and self._on_its_way.get(named, due) > due:
                return self._on_its_way[named]  # the worker was down: its event was read only then
            for ripened in self._ripened.get(named, ()):
                same = any(
                    one.intent_id == intent.intent_id and one.ripe_at == intent.ripe_at
                    for one in ripened.named.intents
                )
                if ripened.at >= due and (same or ripened.at - due <= NEAR):
                    return ripened.at
        while self._looks and self._looks[0] < due:
            self._looks.popleft()
        if self._looks and self._looks[0] - due <= within:
            return self._looks[0]
        return due

    def _switch(self) -> None:
        """What the operator paused or resumed by now."""
        while self._controls and self._controls[0][0] <= self._now:
            _, agent, paused = self._controls.popleft()
            self._paused = self._paused | {agent} if paused else self._paused - {agent}
            self._partition.controls(self._paused)

    def _receive(self) -> None:
        together: list[Record] = []
        while self._coming and self._coming[0][0] <= self._now:
            _, _, record = heapq.heappop(self._coming)
            together.append(msgspec.structs.replace(record, partition=0, offset=self._length))
            self._length += 1
        self._partition.receive(together, self._now)
        self._partition.positioned(self._length)

    def _hear(self) -> None:
        if self._answer is not None:
            _, ask_id, reply = self._answer
            self._answer = None
            self._partition.answer(ask_id, reply, self._now)

    def _wake(self) -> None:
        self._partition.tick(self._now, EVERYBODY)
        due = self._partition.next_wake()
        if due is not None and due <= self._now and not self._partition.has_work:
            self._now += LOOK_AGAIN

    def _take(self) -> None:
        """What was decided, and what is asked next."""
        partition = self._partition
        dropped = partition.dropped_asks()
        if self._answer is not None and self._answer[1] in dropped:
            self._answer = None
        commit = partition.take_commit()
        if commit is not None:
            for key, value in commit.rows.items():
                if value is None:
                    self._rows.pop(key, None)
                else:
                    self._rows[key] = value
            for record in commit.records:
                self._write(record)
            partition.committed(commit.number)
        for pending in partition.take_asks():
            self._ask(pending)

    def _write(self, record: NewRecord) -> None:
        match record.topic:
            case NUDGE_PASS.name:
                ended = _passes.decode(record.value or b"")
                self._told.passes.append((moment(record.timestamp_ms), ended))
                if ended.asks:
                    self._asked = 0
            case NUDGE_OUTCOME.name:
                self._told.outcomes.append(_outcomes.decode(record.value or b""))
            case NUDGES.name:
                self._told.nudges.append(_nudges.decode(record.value or b""))
            case USER_EVENTS.name:
                self._ripen(record)
            case _:
                pass  # dead letters: the same as before, since the events are

    def _ripen(self, record: NewRecord) -> None:
        """A maturity event comes back where it stood in the record, or else at once."""
        event = msgspec.json.decode(record.value or b"", type=_Matured)
        known = self._by_id[event.id]
        while known and known[0].at < self._now:
            known.popleft()
        at, offset = self._now, _NEW + next(self._fresh)
        if known and known[0].at == self._now:
            ripened = known.popleft()
            at, offset = max(self._now, self._came[ripened.partition, ripened.offset]), ripened.offset
        came = Record(record.topic, 0, offset, record.key, record.value, record.timestamp_ms, record.headers)
        heapq.heappush(self._coming, (at, offset, came))
        for named in event.data.intents:
            self._on_its_way[named.intent_id, named.version] = at

    def _ask(self, pending: PendingAsk) -> None:
        """The recorded answer; where there is none, nobody answers, and the rules decide alone."""
        if self._asked == 0:
            self._began = self._now
        question = pending.ask.question
        task = task_of(question)
        digest, found = self._answers.to(question)
        now = max(self._now, pending.ask.after or self._now)
        if found is not None:
            answer = found.answer
            self._answer = answer.comes_at(now, self._began), pending.ask_id, answer.reply
            self._told.pieced += found.pieced
            self._told.not_asked |= found.not_asked
        elif task != "reading" and self._asked and self._answers.asked_all(self._began, self._asked):
            self._answer = now, pending.ask_id, Reply(failed="budget")
        else:
            self._told.missing.append(Missing(self._user_id, task, digest, self._now))
            self._answer = now, pending.ask_id, Reply(failed="unreachable")
        self._asked += 1

    def _note_what_is_open(self) -> None:
        value = self._rows.get(self._user_id)
        if value is not None:
            known = row.decode(value)
            self._told.still_open = list(known.intents.values())


class _Matured(msgspec.Struct):
    id: str
    data: IntentMatured


def _looks(person: Person) -> list[datetime]:
    """When the record has a wake-up that no event brought: its trace, or what it closed without one."""
    traced = {one.pass_id for _, one in person.passes}
    looks = [one.now for _, one in person.passes if not one.events]
    looks += [one.closed_at for one in person.outcomes if one.pass_id not in traced]
    return sorted(looks)
