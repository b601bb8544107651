"""One partition of people, as a sans-I/O machine: it is told what happened and says what should happen.

It holds mailboxes, running passes, the timer index and what is done; it never waits, reads a clock or touches
the network. A driver carries its words to a real world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from agents.contract import Agent
from app.core.arrival import Arrival
from app.core.asks import Flood, Heard, LastLook, News, Reply
from app.core.backlog import MAILBOX_LIMIT, PASSES_LIMIT, Backlog
from app.core.commit import Commit, PendingAsk
from app.core.defects import DefectCount, one_by_one
from app.core.glance import glance
from app.core.head import HEAD_KEY, Head, Progress
from app.core.mailbox import Mailbox, Running
from app.core.one_pass import Decided, Situation, folded, go_on, quiet, rests
from app.core.people import People
from app.core.policy import Policy
from app.core.requests import Requests
from app.core.roster import Roster
from app.core.row import Row
from app.core.standing import Standing
from app.core.tally import Tally
from app.core.waiting import Waiting, waits_alike
from app.core.written import milliseconds, records_of
from topics.dead_letters import dead_letter
from topics.record import NewRecord, Record

__all__ = ["HEAD_KEY", "Commit", "Head", "Partition", "PendingAsk"]


class Partition:
    """Tells: `receive`, `positioned`, `tick`, `answer`, `committed`, `controls`. Asks: `take_asks`, `take_commit`."""

    def __init__(
        self,
        number: int,
        *,
        head: Head,
        rows: Callable[[str], bytes | None],
        policy: Policy,
        agents: Mapping[str, Agent],
        has_model: bool = True,
    ) -> None:
        """`rows` answers from the durable local copy what was last committed for a person."""
        roster = Roster(agents.values())
        self._situation = Situation(policy=policy, roster=roster)
        self._arrival = Arrival(number, head.partitions, roster.names)
        self._progress = Progress(head)
        self._people = People(rows)
        self._waiting = Waiting()
        self._backlog = Backlog()
        self._standing = Standing()
        self._defects = DefectCount()
        self._mailboxes: dict[str, Mailbox] = {}
        self._running: dict[str, Running] = {}
        self._requests = Requests(has_model=has_model)
        self._woken: set[str] = set()
        self._records: list[NewRecord] = []
        self._commit_number = 0
        self._in_flight = False
        self._tally = Tally()

    def restore_timers(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Each row once before the first `tick`, in any number of calls: the timer index is derived from the rows."""
        for user_id, row in rows:
            if user_id != HEAD_KEY:
                self._standing.restored(seen := glance(row))
                self._waiting.restored(seen, user_id)

    # What the driver tells

    def receive(self, records: Sequence[Record], now: datetime) -> None:
        """Records of `user-events` in log order; those below `next` or already done are passed over."""
        records = self._progress.begin(records)
        self._defects.events += len(records)
        touched: dict[str, None] = {}
        mailboxes, understood = self._mailboxes, self._arrival.understood
        for record in records:
            event = understood(record, now, self._records, self._tally)
            if event is None:
                self._progress.done((record,))
                continue
            user_id = event.user_id
            mailbox = mailboxes.get(user_id)
            if mailbox is None:
                mailbox = mailboxes[user_id] = Mailbox()
            mailbox.events.append(event)
            mailbox.records.append(record)
            touched[user_id] = None
        for user_id in touched:
            self._attend(user_id, now)

    def positioned(self, position: int) -> None:
        """The reader stands here: nothing below is still to come (markers of transactions leave holes)."""
        self._progress.positioned(position)

    def tick(self, now: datetime, room: int) -> None:
        """Wake what is due; at most `room` more people for maturity (earliest expiry first); end overdue passes."""
        for running in [one for one in self._running.values() if one.deadline <= now]:
            running.late = True
            self._requests.drop(running)
            self._go_on(running, (now, Reply(failed="timeout")))
        for user_id in self._waiting.due_looks(now, PASSES_LIMIT - len(self._running)):
            self._wake(user_id, now, mature=False)
        for user_id in self._waiting.due_maturities(now, room, self._running, self._woken):
            self._woken.add(user_id)
            self._wake(user_id, now, mature=True)

    def answer(self, ask_id: int, reply: Reply, now: datetime) -> None:
        """What came of a request; one for a pass that has ended is ignored."""
        running = self._requests.answered(ask_id)
        if running is not None:
            self._go_on(running, (now, reply))

    def controls(self, paused: frozenset[str]) -> None:
        """The agents that are paused; `*` is all of them."""
        self._situation = msgspec.structs.replace(self._situation, paused=paused)

    # What the driver asks

    def take_asks(self) -> list[PendingAsk]:
        """The requests that were not handed out yet."""
        return self._requests.take()

    def dropped_asks(self) -> list[int]:
        """Requests whose pass has ended without them; the driver may cancel these."""
        return self._requests.take_dropped()

    @property
    def has_work(self) -> bool:
        """Whether `take_commit` would hold something, once none is in flight."""
        return bool(self._records) or self._people.has_changed or self._progress.changed

    def take_commit(self) -> Commit | None:
        """All that was decided since the last one; None while one is in flight or nothing was."""
        if self._in_flight or not self.has_work:
            return None
        self._in_flight = True
        self._commit_number += 1
        rows, records, self._records = self._people.take_changed(), self._records, []
        return Commit(number=self._commit_number, rows=rows, head=self._progress.head(), records=records)

    def committed(self, number: int) -> None:
        """The commit is durable. A failed one has no call: the whole machine is thrown away and built anew."""
        if not self._in_flight or number != self._commit_number:
            raise ValueError(f"commit {number} is not in flight")
        self._in_flight = False
        self._people.committed()

    def next_wake(self) -> datetime | None:
        """When `tick` has something to do next: a due time, a reading, a pass's deadline."""
        waiting = self._waiting.next() if len(self._running) < PASSES_LIMIT else None
        times = [waiting, self._waiting.again, *(running.deadline for running in self._running.values())]
        return min((at for at in times if at is not None), default=None)

    @property
    def undecided(self) -> int:
        """Events that were received and are not decided."""
        return self._progress.undecided

    @property
    def fullness(self) -> float:
        """How far the fullest bound of the backlog is reached; from 1 on the driver stops receiving."""
        return self._backlog.fullness(self._progress.undecided, len(self._running))

    @property
    def woken(self) -> int:
        """People who were woken for maturity and are undecided: counts against the driver's `room`."""
        return len(self._woken)

    @property
    def queued_since(self) -> datetime | None:
        """Since when the longest of those who wait for `room` has been due; None when nobody does."""
        return self._waiting.oldest_due

    def take_tally(self) -> Tally:
        """What was counted since the last call, and how things stand."""
        tally, self._tally = self._tally, Tally()
        self._arrival.report(tally)
        self._standing.report(tally)
        tally.gauge("tactful_passes_in_flight", len(self._running))
        self._waiting.report(tally)
        return tally

    # Passes

    def _wake(self, user_id: str, now: datetime, *, mature: bool) -> None:
        mailbox = self._mailboxes.setdefault(user_id, Mailbox())
        mailbox.woken = True
        mailbox.mature = mailbox.mature or mature
        self._attend(user_id, now)

    def _attend(self, user_id: str, now: datetime) -> None:
        """Start a pass for somebody whose mailbox is not empty, unless one is under way."""
        running = self._running.get(user_id)
        if running is not None:
            self._backlog.hold(self._mailboxes[user_id])
            if len(self._mailboxes[user_id].events) >= MAILBOX_LIMIT:
                self._requests.drop(running)
                self._go_on(running, (now, Flood()))
            return
        while user_id not in self._running and (mailbox := self._mailboxes.pop(user_id, None)) is not None:
            self._backlog.let_go(mailbox)
            self._begin(user_id, mailbox, now)

    def _begin(self, user_id: str, mailbox: Mailbox, now: datetime) -> None:
        """Fold what waits. Most passes end there; one that has something to judge goes on as a generator."""
        known = self._people.known(user_id)
        try:
            ledger = folded(known or Row(user_id=user_id), mailbox.events, now, self._situation)
            decided = quiet(ledger) if not mailbox.woken and rests(ledger.row, now) else None
        except Exception:  # noqa: BLE001  # whatever an agent or a row makes it raise: see defects.py
            self._retake(user_id, mailbox, now)
            return
        if decided is not None:
            self._apply(user_id, known, decided, now, woken=False)
            self._passed(mailbox, "no")
            return
        passing = go_on(ledger, mailbox.events, mailbox.wake, self._situation)
        running = self._running[user_id] = Running(user_id, known, mailbox, passing, now)
        self._advance(running, None, now)

    def _go_on(self, running: Running, heard: Heard) -> None:
        """Tell a waiting pass what came, and look at the person's mailbox again once it has decided."""
        self._advance(running, heard, heard[0])
        if running.user_id not in self._running:
            self._attend(running.user_id, heard[0])

    def _advance(self, running: Running, heard: Heard | None, now: datetime) -> None:
        """Run a pass until it decides or waits for the model."""
        try:
            while True:
                asked = next(running.passing) if heard is None else running.passing.send(heard)
                if isinstance(asked, LastLook):
                    waiting = self._mailboxes.get(running.user_id)
                    heard = (now, News(tuple(waiting.events) if waiting else (), self._situation.paused))
                    continue
                reply = self._requests.put(running, asked, self._tally)
                if reply is None:
                    self._backlog.hold(running.mailbox)
                    return
                heard = (now, reply)
        except StopIteration as stop:
            del self._running[running.user_id]
            self._apply(running.user_id, running.before, stop.value, now, woken=True)
            self._passed(running.mailbox, "yes" if running.asked else "no")
            if running.asked:  # one that asks nothing is over in the call that began it
                self._tally.observe("tactful_pass_seconds", (now - running.started).total_seconds(), "yes")
        except Exception:  # noqa: BLE001  # whatever an agent or a row makes it raise: see defects.py
            del self._running[running.user_id]
            self._retake(running.user_id, running.mailbox, now)

    def _passed(self, mailbox: Mailbox, asked: str) -> None:
        self._progress.done(mailbox.records)
        self._backlog.let_go(mailbox)
        self._tally.count("tactful_passes_total", asked)

    def _apply(
        self, user_id: str, before: Row | None, decided: Decided, now: datetime, *, woken: bool
    ) -> None:
        """The decided row becomes the person's; who was `woken` has no times any more, and is given new ones."""
        after, written = decided.row, decided.written
        if before is None and after == Row(user_id=user_id):
            after = written = None
        self._standing.changed(before, after, quiet=not woken and not decided.outcomes)
        self._people.decided(user_id, written)
        if woken or before is None or after is None or not waits_alike(before, after):
            self._waiting.put(after, user_id)
        if user_id in self._woken and not (after and after.is_maturing):
            self._woken.discard(user_id)
        if decided.leaves_records:
            self._records.extend(records_of(user_id, decided, now))
        self._tally.absorb(decided.tally)

    def _retake(self, user_id: str, mailbox: Mailbox, now: datetime) -> None:
        """A pass raised: take it again event by event, without a model, and put aside what raises even so."""
        self._backlog.let_go(mailbox)
        row, waits = (lambda: self._people.row(user_id)), user_id in self._mailboxes
        for decided, error, record in one_by_one(row, mailbox, now, self._situation, waits=waits):
            self._apply(user_id, self._people.known(user_id), decided, now, woken=True)
            if error:
                self._put_away(record, error, error, now)
            elif record is not None:
                self._progress.done((record,))

    def _put_away(self, record: Record | None, error: str, said: str, now: datetime) -> None:
        """An event, or (None) a wake-up, could not be decided: it is counted, and the event is a dead letter."""
        self._defects.one_more(error, now, self._tally)
        if record is not None:
            self._tally.count("tactful_dead_letters_total", "defect")
            self._records.append(dead_letter(record, "defect", said, milliseconds(now)))
            self._progress.done((record,))
