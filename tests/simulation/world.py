"""The world of a history: logs, owners that come and go, a clock; each move is carried out, and then judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

import agents
from agents.contract import Agent
from app.core.head import Head
from app.core.partition import Partition
from tests.simulation import bounds, policies
from tests.simulation.answers import reply
from tests.simulation.brittle import Brittle
from tests.simulation.broken import Broken
from tests.simulation.clock import START_MS, millis, moment
from tests.simulation.judge import Judge
from tests.simulation.log import EVENTS, Lane, LocalRows
from tests.simulation.model import row_seen
from tests.simulation.moves import (
    Again,
    Answer,
    Crash,
    Deliver,
    End,
    History,
    Hole,
    Jump,
    Lose,
    Move,
    Position,
    Rewind,
    Settle,
    Stale,
    Start,
    Switch,
    Take,
    TakeOver,
    Tell,
    Tick,
    UntilDue,
    Wait,
)
from tests.simulation.owner import Owner
from tests.simulation.pen import Pen
from topics.murmur2 import partition_of
from topics.record import NewRecord

ROSTER: Mapping[str, Agent] = {**{agent.name: agent for agent in agents.FIVE}, "brittle": Brittle()}
SETTLING_STEPS = 200
CALM_STEPS = 40_000
"""Far above what is left to do when the faults stop. While somebody who is not heard of leaves no room a step is a
second, and a clock that ran two hours ahead makes that last as long; a flood of messages that are read one at a time
takes as many."""
CALM_ROOM = 2
"""People who may be woken and undecided in calm times: as in the drivers, who is never decided leaves no room."""
SLOWEST_WAIT = timedelta(days=400)


class World:
    """One history as it happens."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._policy = policies.policy(history.policy)
        self.lanes = [Lane(number, history.partitions) for number in range(history.partitions)]
        self.local = [LocalRows() for _ in self.lanes]
        self.judge = Judge(self._policy, history.bounds, history.partitions)
        self.true_ms = START_MS
        self.paused: frozenset[str] = frozenset()
        self.owners: list[Owner | None] = [None] * history.partitions
        self.stale: list[Owner | None] = [None] * history.partitions
        self._losing = False
        self._pen = Pen(history.partitions)
        for lane in self.lanes:
            self._take_over(lane, 0)

    def run(self, told: Callable[[int, Move], None] | None = None) -> None:
        """Every move, then calm: Broken when a promise is not kept."""
        with bounds.held(self.history.bounds):
            for number, move in enumerate(self.history.moves):
                if told is not None:
                    told(number, move)
                self.true_ms += 1
                _DO[type(move)](self, move)
            self.calm()

    # Who owns what

    def _take_over(self, lane: Lane, skew: int) -> None:
        """Fence, restore, look at the head, find the timers, begin: nothing but what is durable counts."""
        rows = self.local[lane.number]
        rows.follow(lane.changelog)
        if dict(rows.items()) != lane.rows:
            raise Broken("I7", "the local rows are not the fold of the changelog")
        head = _head(lane, len(self.lanes))
        owner = Owner(
            self._machine(lane, head, rows),
            head=head,
            rows=rows,
            now_ms=self.true_ms,
            skew=skew,
            mailbox=self.history.bounds.mailbox,
            sure=self._policy.reading.sure,
            paused=self.paused,
        )
        owner.base = {user: book.done for user, book in self.judge.books.items()}
        owner.cursor = next(
            (i for i, entry in enumerate(lane.entries) if entry.record.offset >= head.next), len(lane.entries)
        )
        self.owners[lane.number] = owner

    def _machine(self, lane: Lane, head: Head, rows: LocalRows) -> Partition:
        machine = Partition(lane.number, head=head, rows=rows.get, policy=self._policy, agents=ROSTER)
        machine.restore_timers(rows.items())
        return machine

    def _owned(self, number: int) -> tuple[Lane, Owner | None]:
        number %= len(self.lanes)
        return self.lanes[number], self.owners[number]

    # The log

    def _append(self, number: int, record: NewRecord) -> None:
        self.judge.appended(number, self.lanes[number].append(record))

    # Moves

    def tell(self, move: Tell) -> None:
        for happening in move.events:
            self.true_ms += 1
            number, record = self._pen.written(happening, self.true_ms, self.judge.books.get(happening.user))
            self._append(number, record)

    def again(self, move: Again) -> None:
        entries = [(lane.number, entry) for lane in self.lanes for entry in lane.entries]
        if entries:
            number, entry = entries[int(move.which * len(entries))]
            self.true_ms += 1
            record = entry.record
            self._append(
                number, NewRecord(EVENTS, record.key, record.value, record.timestamp_ms, record.headers)
            )

    def hole(self, move: Hole) -> None:
        self._owned(move.lane)[0].hole()

    def lose(self, move: Lose) -> None:
        self._losing = True

    def deliver(self, move: Deliver) -> None:
        lane, owner = self._owned(move.lane)
        if owner is not None:
            self._deliver(lane, owner, move.most)

    def _deliver(self, lane: Lane, owner: Owner, most: int) -> bool:
        fresh = lane.entries[owner.cursor : owner.cursor + most]
        owner.cursor += len(fresh)
        if fresh:
            now = owner.tick_over(self.true_ms)
            owner.receive([(entry.record, entry.told) for entry in fresh], now)
        return bool(fresh)

    def rewind(self, move: Rewind) -> None:
        owner = self._owned(move.lane)[1]
        if owner is not None:
            owner.cursor = max(0, owner.cursor - move.by)

    def position(self, move: Position) -> None:
        lane, owner = self._owned(move.lane)
        if owner is not None:
            at_end = owner.cursor >= len(lane.entries)
            owner.partition.positioned(lane.end if at_end else lane.entries[owner.cursor].record.offset)

    def tick(self, move: Tick) -> None:
        owner = self._owned(move.lane)[1]
        if owner is not None:
            owner.tick(owner.tick_over(self.true_ms), move.room)

    def answer(self, move: Answer) -> None:
        owner = self._owned(move.lane)[1]
        if owner is not None:
            waiting = owner.landed if move.late else list(owner.flights.values())
            if waiting:
                pending = waiting[int(move.which * len(waiting))]
                owner.answer(pending, reply(pending.ask, move.kind, move.seed), owner.tick_over(self.true_ms))

    def take(self, move: Take) -> None:
        lane, owner = self._owned(move.lane)
        if owner is not None:
            self._take(lane, owner)

    def _take(self, lane: Lane, owner: Owner) -> bool:
        if owner.taken is not None:
            if owner.partition.take_commit() is not None:
                raise Broken("one commit", "a second one was taken while the first was in flight")
            return False
        taken = owner.take(owner.tick_over(self.true_ms))
        if taken is not None:
            self.judge.taking(lane.number, owner, taken)
        return taken is not None

    def end(self, move: End) -> None:
        lane, owner = self._owned(move.lane)
        if owner is not None and owner.taken is not None:
            if move.how != "lost":
                self._make_durable(lane, owner)
            if move.how == "ok":
                self._learnt(lane, owner)
            else:
                self._take_over(lane, owner.skew)

    def _make_durable(self, lane: Lane, owner: Owner) -> None:
        """One transaction: the rows, the head and the records, all of them; its markers take an offset each."""
        taken = owner.taken
        assert taken is not None
        lane.write(taken.commit.rows, msgspec.msgpack.encode(taken.commit.head))
        self.judge.committed(lane, owner, taken, self.true_ms)
        touched: dict[int, None] = {}
        for record in taken.commit.records:
            if record.topic == EVENTS:
                number = partition_of(record.key or b"", len(self.lanes))
                touched[number] = None
                if self._losing and b'"intent.matured"' in (record.value or b""):
                    self._losing = False
                    self.judge.lost(record)
                    self.lanes[number].hole()
                else:
                    self._append(number, record)
        for number in touched:
            self.lanes[number].hole()

    def _learnt(self, lane: Lane, owner: Owner) -> None:
        """The local copy follows, and then the machine is told."""
        taken = owner.taken
        assert taken is not None
        owner.rows.follow(lane.changelog)
        owner.taken = None
        owner.partition.committed(taken.commit.number)

    def crash(self, move: Crash) -> None:
        lane, owner = self._owned(move.lane)
        if owner is None:
            return
        match move.local:
            case "empty":
                self.local[lane.number].wipe()
            case "stale":
                self.local[lane.number].older(move.behind)
            case "kept":
                pass
        self.owners[lane.number] = None
        if not move.down:
            self._take_over(lane, move.skew)

    def start(self, move: Start) -> None:
        lane, owner = self._owned(move.lane)
        if owner is None:
            self._take_over(lane, move.skew)

    def take_over(self, move: TakeOver) -> None:
        """The old owner's transaction ends with the fence: it came through just before, or it is aborted."""
        lane, owner = self._owned(move.lane)
        if owner is not None:
            if move.landed and owner.taken is not None:
                self._make_durable(lane, owner)
            self.stale[lane.number] = owner
            rows = self.local[lane.number] = LocalRows()
            if move.behind is not None:
                rows.follow(lane.changelog[: max(0, len(lane.changelog) - move.behind)])
            self._take_over(lane, move.skew)

    def stale_owner(self, move: Stale) -> None:
        number = move.lane % len(self.lanes)
        lane, owner = self.lanes[number], self.stale[number]
        if owner is None:
            return
        now = owner.tick_over(self.true_ms)
        match move.what:
            case "deliver":
                self._deliver(lane, owner, 3)
            case "tick":
                owner.tick(now, 4)
            case "answer":
                for pending in list(owner.flights.values())[:1]:
                    owner.answer(pending, reply(pending.ask, "good", move.seed), now)
            case "commit":
                # It is refused, and with that the owner learns that it is one no longer.
                self.stale[number] = None

    def wait(self, move: Wait) -> None:
        self.true_ms += move.ms

    def until_due(self, move: UntilDue) -> None:
        wakes = [
            millis(wake) - owner.skew
            for owner in self.owners
            if owner is not None and (wake := owner.partition.next_wake()) is not None
        ]
        if wakes:
            self.true_ms = max(self.true_ms, min(wakes) + move.off)

    def jump(self, move: Jump) -> None:
        owner = self._owned(move.lane)[1]
        if owner is not None:
            owner.skew += move.ms

    def switch(self, move: Switch) -> None:
        self.paused = self.paused | {move.agent} if move.paused else self.paused - {move.agent}
        for owner in self.owners:
            if owner is not None:
                owner.switch(self.paused)

    def settle(self, move: Settle) -> None:
        lane, owner = self._owned(move.lane)
        if owner is not None:
            for step in range(SETTLING_STEPS):
                kind = "eager" if (move.seed + step) % 3 == 0 else "good"
                if not self._calm_step(lane, owner, kind, move.seed + step):
                    self._punctual(owner)
                    return

    def _calm_step(self, lane: Lane, owner: Owner, kind: str, seed: int) -> bool:
        """What arrived, was answered, is due, is decided: in this order; whether anything happened."""
        happened = self._deliver(lane, owner, 500)
        for pending in list(owner.flights.values()):
            if pending.ask_id in owner.flights:
                owner.answer(pending, reply(pending.ask, kind, seed), owner.tick_over(self.true_ms))
                happened = True
        if owner.taken is not None or self._take(lane, owner):
            self._make_durable(lane, owner)
            self._learnt(lane, owner)
            happened = True
        wake, now = owner.partition.next_wake(), owner.tick_over(self.true_ms)
        if wake is not None and wake <= now:
            owner.tick(now, max(0, CALM_ROOM - owner.partition.woken))
        return happened or owner.partition.has_work or bool(owner.flights)

    def _punctual(self, owner: Owner) -> None:
        """I9: once nothing more happens, nobody is overdue but those for whom there is no room."""
        gauges = owner.partition.take_tally().gauges
        rows = [(user, row_seen(data)) for user, data in owner.rows.items()]
        plans = Counter(plan.agent for _, row in rows for plan in row.intents.values())
        shown = Counter({agent: gauges.get(("tactful_open_intents", (agent,)), 0) for agent in ROSTER})
        unread = sum(len(row.unread) for _, row in rows)
        balanced = not gauges["tactful_ledger_imbalance_intents", ()]
        if +shown != plans or gauges["tactful_reading_debt_messages", ()] != unread or not balanced:
            raise Broken("gauges", f"{gauges} with {plans} open and {unread} messages unread")
        if gauges["tactful_overdue_intents", ()]:
            return
        for user, row in rows:
            for plan in row.intents.values():
                if plan.wake_at <= owner.now:
                    raise Broken("I9", f"{user}: {plan.subject} is {plan.status}, due at {plan.wake_at}")

    # When the faults stop

    def calm(self) -> None:
        """I9: every event is done and every plan ends; then what is kept says what a new owner would find."""
        for agent in sorted(self.paused):
            self.switch(Switch(agent=agent, paused=False))
        for lane in self.lanes:
            if self.owners[lane.number] is None:
                self._take_over(lane, 0)
        owners = [(lane, owner) for lane in self.lanes if (owner := self.owners[lane.number]) is not None]
        self.true_ms = max(self.true_ms, *(owner.now_ms for _, owner in owners))
        for _, owner in owners:
            owner.skew = 0
        latest = moment(self.true_ms) + SLOWEST_WAIT
        for _ in range(CALM_STEPS):
            steps = [self._calm_step(lane, owner, "good", 0) for lane, owner in owners]
            if any(steps):
                continue
            wakes = [wake for _, owner in owners if (wake := owner.partition.next_wake()) is not None]
            if not wakes:
                break
            self._later(min(wakes), latest)
        else:
            raise Broken("I9", f"still busy {CALM_STEPS} steps after the last fault")
        for lane, owner in owners:
            self._at_rest(lane, owner)

    def _later(self, wake: datetime, latest: datetime) -> None:
        """Nothing more happens now: time goes on to the next thing that does."""
        for owner in self.owners:
            if owner is not None:
                self._punctual(owner)
        self.true_ms = max(self.true_ms + 1, millis(wake))
        if wake > latest:
            raise Broken("I9", f"something waits until {wake}, {SLOWEST_WAIT.days} days after the last fault")

    def _at_rest(self, lane: Lane, owner: Owner) -> None:
        if self.judge.pending[lane.number]:
            raise Broken("I9", f"offsets {list(self.judge.pending[lane.number])} are never done")
        if owner.partition.undecided or owner.partition.woken or owner.flights:
            raise Broken(
                "I9", f"{owner.partition.undecided} undecided, {owner.partition.woken} woken at the end"
            )
        for user, data in owner.rows.items():
            row = row_seen(data)
            if row.unread and not row.debt.failures and self._policy.reading.when != "maturity":
                raise Broken("I9", f"{user}: {len(row.unread)} messages are never read")
        for user, book in self.judge.books.items():
            if book.plans and partition_of(user.encode(), len(self.lanes)) == lane.number:
                raise Broken("I9", f"{user}: {[plan.subject for plan in book.plans.values()]} never ended")
        self._same_again(lane, owner)

    def _same_again(self, lane: Lane, owner: Owner) -> None:
        """I7: who starts from what is durable waits for the same as who lived through it."""
        fresh = self._machine(lane, _head(lane, len(self.lanes)), owner.rows)
        if fresh.next_wake() != owner.partition.next_wake():
            raise Broken(
                "I7", f"a new owner wakes at {fresh.next_wake()}, this one at {owner.partition.next_wake()}"
            )


def _head(lane: Lane, partitions: int) -> Head:
    if lane.head is None:
        return Head(partitions=partitions)
    return msgspec.msgpack.decode(lane.head, type=Head)


_DO: dict[type, Callable[[World, Any], None]] = {
    Tell: World.tell,
    Again: World.again,
    Hole: World.hole,
    Lose: World.lose,
    Deliver: World.deliver,
    Rewind: World.rewind,
    Position: World.position,
    Tick: World.tick,
    Answer: World.answer,
    Take: World.take,
    End: World.end,
    Crash: World.crash,
    Start: World.start,
    TakeOver: World.take_over,
    Stale: World.stale_owner,
    Wait: World.wait,
    UntilDue: World.until_due,
    Jump: World.jump,
    Switch: World.switch,
    Settle: World.settle,
}
