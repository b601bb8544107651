"""One owner of a partition, from its take-over to its end: the machine, its reader, its clock and its requests."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from app.core.asks import Compose, Reading, ReadingAnswer, Reply
from app.core.partition import Commit, Head, Partition, PendingAsk
from tests.simulation.broken import Broken
from tests.simulation.clock import moment
from tests.simulation.log import LocalRows, Told
from tests.simulation.readings import Fact, fact_of
from topics.record import Record

# DESIGN: a pass has 60 s over all its asks; the deadline says when it began, and tells passes apart.
PASS = timedelta(seconds=60)
ATTEMPTS = 2


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A commit, and what was known when it was taken."""

    commit: Commit
    at: datetime
    facts: Sequence[Fact]


class Owner:
    """Everything that goes by it is watched: who is asked about, how often, and what was handed on when."""

    def __init__(
        self,
        partition: Partition,
        *,
        head: Head,
        rows: LocalRows,
        now_ms: int,
        skew: int,
        mailbox: int,
        sure: float,
        paused: frozenset[str],
    ) -> None:
        self.partition = partition
        self.head = head
        self.rows = rows
        self._mailbox = mailbox
        self._sure = sure
        self._now_ms = now_ms + skew
        self.skew = skew
        self.cursor = -1
        """The index of the next record to be handed on; -1 until the world has found it."""
        self.handed: set[int] = set()
        self.base: dict[str, int] = {}
        """How many events of each person were done when this owner began."""
        self.times: dict[str, list[datetime]] = {}
        """For each person, when each of the events that were not done at the beginning was handed on."""
        self.flights: dict[int, PendingAsk] = {}
        self.landed: list[PendingAsk] = []
        self.taken: Taken | None = None
        self.switches: list[tuple[datetime, frozenset[str]]] = [
            (datetime.min.replace(tzinfo=moment(0).tzinfo), paused)
        ]
        self._composed: dict[tuple[str, datetime], list[str]] = {}
        self._staged: dict[str, tuple[datetime, list[Fact]]] = {}
        self._decided: list[Fact] = []
        partition.controls(paused)

    # Time

    @property
    def now(self) -> datetime:
        """The owner's clock as it stands."""
        return moment(self._now_ms)

    @property
    def now_ms(self) -> int:
        return self._now_ms

    def tick_over(self, true_ms: int) -> datetime:
        """The clock's next reading: it never goes back, and no two calls have the same."""
        self._now_ms = max(self._now_ms + 1, true_ms + self.skew)
        return moment(self._now_ms)

    # Calls

    def receive(self, records: Sequence[tuple[Record, Told | None]], now: datetime) -> None:
        """Hand records on. What was handed on before, or was done before this owner, is no news."""
        for record, told in records:
            if record.offset in self.handed or self._is_done(record.offset):
                continue
            self.handed.add(record.offset)
            if told is not None:
                self.times.setdefault(told.user, []).append(now)
        self.partition.receive([record for record, _ in records], now)
        self._watch(now)
        for pending in self.flights.values():
            waiting = self.handed_since(pending.ask.user_id, pending.deadline - PASS)
            if waiting >= self._mailbox:
                raise Broken(
                    "I10", f"{waiting} events of {pending.ask.user_id} wait behind a pass that asks the model"
                )

    def _is_done(self, offset: int) -> bool:
        head = self.head
        return offset < head.next or (offset <= head.high and offset not in head.unfinished)

    def tick(self, now: datetime, room: int) -> None:
        before = self.partition.woken
        self.partition.tick(now, room)
        if self.partition.woken > before + room:
            raise Broken("pace", f"{self.partition.woken - before} people are woken with room for {room}")
        self._watch(now)
        for pending in self.flights.values():
            if pending.deadline <= now:
                raise Broken(
                    "deadline", f"a pass of {pending.ask.user_id} still waits after {pending.deadline}"
                )

    def answer(self, pending: PendingAsk, reply: Reply, now: datetime) -> None:
        """One answer; a reading's is remembered with the pass that asked."""
        known = self.flights.pop(pending.ask_id, None)
        question = pending.ask.question
        if known is not None:
            self.landed.append(pending)
            if isinstance(question, Reading) and isinstance(reply.answer, ReadingAnswer):
                user, began = pending.ask.user_id, pending.deadline - PASS
                fact = fact_of(user, began, now, question=question, answer=reply.answer, sure=self._sure)
                self._staged.setdefault(user, (pending.deadline, []))[1].append(fact)
        self.partition.answer(pending.ask_id, reply, now)
        self._watch(now)

    def switch(self, paused: frozenset[str]) -> None:
        """The agents that are paused from now on."""
        self.switches.append((self.now, paused))
        self.partition.controls(paused)

    def paused_at(self, at: datetime) -> frozenset[str]:
        """What was paused for a pass that began then."""
        return next(paused for since, paused in reversed(self.switches) if since < at)

    def handed_since(self, user: str, since: datetime) -> int:
        """How many of a person's events were handed on after a time."""
        times = self.times.get(user, [])
        return len(times) - bisect_right(times, since)

    def known_at(self, user: str, at: datetime) -> int:
        """How many events of a person's log were done before this owner, or handed on by a time."""
        return self.base.get(user, 0) + bisect_right(self.times.get(user, []), at)

    # What is watched

    def _watch(self, now: datetime) -> None:
        for ask_id in self.partition.dropped_asks():
            pending = self.flights.pop(ask_id, None)
            if pending is not None:
                self.landed.append(pending)
        del self.landed[:-8]
        for pending in self.partition.take_asks():
            self._asked(pending, now)
        if self._staged:
            self._what_is_decided()

    def _asked(self, pending: PendingAsk, now: datetime) -> None:
        user, question = pending.ask.user_id, pending.ask.question
        for other in self.flights.values():
            if other.ask.user_id == user:
                raise Broken(
                    "I4", f"{user} is asked about by two passes at once: {other.ask_id} and {pending.ask_id}"
                )
        self.flights[pending.ask_id] = pending
        if pending.deadline > now + PASS:
            raise Broken("deadline", f"a pass that asks at {now} ends only at {pending.deadline}")
        if isinstance(question, Compose):
            approaches = self._composed.setdefault((user, pending.deadline), [])
            approaches.append(question.approach)
            if len(approaches) > ATTEMPTS or len(set(approaches)) < len(approaches):
                raise Broken("I6", f"one pass of {user} composes by {approaches}")

    def _what_is_decided(self) -> None:
        """A pass has decided when none of its requests is in flight: what it read goes into the next commit."""
        going_on = {(one.ask.user_id, one.deadline) for one in self.flights.values()}
        for user, (deadline, facts) in list(self._staged.items()):
            if (user, deadline) not in going_on:
                self._decided.extend(facts)
                del self._staged[user]

    def take(self, now: datetime) -> Taken | None:
        """The next commit, if there is one."""
        commit = self.partition.take_commit()
        if commit is None:
            return None
        facts, self._decided = self._decided, []
        self.taken = Taken(commit=commit, at=now, facts=facts)
        return self.taken
