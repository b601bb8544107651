"""A story's world in memory: lists are the log, the clock is a variable, the partition is the real one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from app.core import row
from app.core.partition import HEAD_KEY, Commit, Head, Partition
from app.model.admission import Admission
from app.model.minute import Minute
from app.model.room import ModelRoom
from app.scenario.asking import Asking
from app.scenario.expected import OpenIntent
from app.scenario.world import Setting, StuckError, milliseconds, open_in
from topics.record import NewRecord, Record

EVENTS = "user-events"
STEPS_AT_ONE_INSTANT = 100_000
"""Far above what a story can cause at one time; an endless loop shows within a minute."""
LOOK_AGAIN = timedelta(seconds=1)
"""When there was no room to wake somebody who is due, the drivers look again after this long."""


class _Worker:
    """One life of the worker: everything in it is lost when it is killed."""

    def __init__(self, setting: Setting, head: Head, rows: dict[str, bytes], paused: frozenset[str]) -> None:
        admission = Admission(minute=Minute(setting.policy.budget.calls_per_minute))
        self.asking = Asking(setting.script, admission)
        self.room = ModelRoom(admission)
        self.received = head.next
        self.partition = Partition(
            0,
            head=head,
            rows=rows.get,
            policy=setting.policy,
            agents=setting.agents,
        )
        self.partition.controls(paused)
        self.partition.restore_timers(rows.items())


class MemoryWorld:
    """See World. A commit is applied at once; a crash loses the worker and keeps what was committed."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._now = setting.start.astimezone(UTC)
        self._topics: defaultdict[str, list[Record]] = defaultdict(list)
        self._rows: dict[str, bytes] = {}
        self._head = Head()
        self._paused: frozenset[str] = frozenset()
        self._worker: _Worker | None = self._begun()

    def append(self, records: Sequence[NewRecord]) -> None:
        for record in records:
            log = self._topics[record.topic]
            log.append(
                Record(
                    record.topic, 0, len(log), record.key, record.value, record.timestamp_ms, record.headers
                )
            )

    def settle(self) -> None:
        if self._worker is None:
            return
        for _ in range(STEPS_AT_ONE_INSTANT):
            if not self._step(self._worker):
                return
        message = (
            f"still busy after {STEPS_AT_ONE_INSTANT} steps at {self._now.isoformat()}, "
            f"with {self._worker.partition.undecided} events undecided: a defect in the worker or in an agent"
        )
        raise StuckError(message)

    def advance(self, to: datetime) -> None:
        self.settle()
        while (following := self._next()) is not None and following < to:
            self._now = following
            self.settle()
        self._now = to.astimezone(UTC)

    def crash(self) -> None:
        self._worker = self._begun()

    def restart(self) -> None:
        self.stop()
        self.start()

    def wipe(self) -> None:
        self.crash()  # the rows here are the log's: there is no local copy that could be lost

    def stop(self) -> None:
        if self._worker is not None and (commit := self._worker.partition.take_commit()) is not None:
            self._apply(self._worker, commit)
        self._worker = None

    def start(self) -> None:
        if self._worker is None:
            self._worker = self._begun()

    def control(self, agent: str, *, paused: bool) -> None:
        self._paused = self._paused | {agent} if paused else self._paused - {agent}
        if self._worker is not None:
            self._worker.partition.controls(self._paused)

    def records(self, topic: str) -> Sequence[Record]:
        return self._topics[topic]

    def open_intents(self) -> Sequence[OpenIntent]:
        return open_in(row.decode(value) for key, value in self._rows.items() if key != HEAD_KEY)

    def close(self) -> None:
        self._worker = None

    def _begun(self) -> _Worker:
        return _Worker(self._setting, self._head, self._rows, self._paused)

    def _next(self) -> datetime | None:
        """The next instant at which something happens by itself."""
        if self._worker is None:
            return None
        wake = self._worker.partition.next_wake()
        if wake is not None and wake <= self._now:
            wake = self._now + LOOK_AGAIN
        times = [at for at in (wake, self._worker.asking.next_at(self._now)) if at is not None]
        return min(times, default=None)

    def _step(self, worker: _Worker) -> bool:
        """What arrived, was answered, is due, is to be asked, is decided: in this order."""
        partition, now = worker.partition, self._now
        before = partition.next_wake(), partition.woken, partition.undecided
        happened = self._receive(worker)
        for ask_id, reply in worker.asking.answers(now):
            partition.answer(ask_id, reply, now)
            happened = True
        wake = partition.next_wake()
        if wake is not None and wake <= now:
            partition.tick(now, worker.room.room(partition.woken, now))
        worker.asking.drop(partition.dropped_asks(), now)
        worker.asking.begin(partition.take_asks(), now)
        if (commit := partition.take_commit()) is not None:
            self._apply(worker, commit)
            happened = True
        happened |= worker.asking.has_answers(now)
        return happened or before != (partition.next_wake(), partition.woken, partition.undecided)

    def _receive(self, worker: _Worker) -> bool:
        log = self._topics[EVENTS]
        fresh = log[worker.received :]
        if not fresh or worker.partition.fullness >= 1:
            return False
        worker.received = len(log)
        worker.partition.receive(fresh, self._now)
        worker.partition.positioned(len(log))
        return True

    def _apply(self, worker: _Worker, commit: Commit) -> None:
        for key, value in commit.rows.items():
            if value is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = value
        self._head = commit.head
        self.append(commit.records)
        worker.partition.committed(commit.number)


__all__ = ["EVENTS", "MemoryWorld", "milliseconds"]
