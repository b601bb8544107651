"""A partition that notes what it is at, and after a death of the process goes on in small steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from agents.contract import Agent
from app.core import defects
from app.core.asks import Heard, Reply
from app.core.commit import Commit
from app.core.deaths import DEATHS, NO_EVENT, Death, Deaths, Note
from app.core.head import Head
from app.core.mailbox import Mailbox, Running
from app.core.partition import Partition
from app.core.policy import Policy
from app.core.row import Row
from topics.record import Record
from topics.user_events import Event

CALM = timedelta(minutes=10)
"""Ten times the limit of a pass: by then what a death cut off was taken again, unless it is queued still."""
KILLS = "KilledTheWorker"
"""Stands for the error's name where there was none to catch."""
DIED_OF_IT = f"{KILLS}: the process died {DEATHS} times in a row while it was at this event"


class CarefulPartition(Partition):
    """In the common case a batch is noted as a whole, which costs next to nothing.

    After a death, and until all that was under way is durably done, each event is decoded and folded on its own,
    with a note of its own; the one that was under way at the third death goes to the dead letters unfolded.
    """

    def __init__(
        self,
        number: int,
        *,
        head: Head,
        rows: Callable[[str], bytes | None],
        policy: Policy,
        agents: Mapping[str, Agent],
        has_model: bool = True,
        note: Note,
        deaths: Sequence[Death] = (),
    ) -> None:
        """`deaths` are those that were remembered by `note`."""
        super().__init__(number, head=head, rows=rows, policy=policy, agents=agents, has_model=has_model)
        self._note = note
        self._deaths = Deaths(deaths)
        self._calm_at: datetime | None = None
        self._coming: Head | None = None
        if self._deaths.got_over(head):
            note.remember(self._deaths.left)

    # What the driver tells

    def receive(self, records: Sequence[Record], now: datetime) -> None:
        if not records:
            return
        try:
            if self._deaths:
                for record in records:
                    self._receive_one(record, now)
            else:
                self._note.begin("", records[0].offset, records[-1].offset)
                super().receive(records, now)
        finally:
            self._note.end()

    def tick(self, now: datetime, room: int) -> None:
        try:
            self._note.begin("", NO_EVENT, NO_EVENT)
            super().tick(now, room)
        finally:
            self._note.end()
        if self._deaths:
            self._calm_at = self._calm_at or now + CALM
            if now >= self._calm_at and not self._waiting.queued and self._deaths.forget_the_rest():
                self._note.remember(self._deaths.left)

    def answer(self, ask_id: int, reply: Reply, now: datetime) -> None:
        try:
            self._note.begin("", NO_EVENT, NO_EVENT)
            super().answer(ask_id, reply, now)
        finally:
            self._note.end()

    def take_commit(self) -> Commit | None:
        commit = super().take_commit()
        if commit is not None:
            self._coming = commit.head
        return commit

    def committed(self, number: int) -> None:
        super().committed(number)
        if self._deaths and self._coming is not None and self._deaths.got_over(self._coming):
            self._note.remember(self._deaths.left)

    # In small steps

    def _receive_one(self, record: Record, now: datetime) -> None:
        self._note.begin("", record.offset, record.offset)
        if not self._deaths.condemned("", record.offset):
            super().receive([record], now)
        elif self._progress.begin([record]):
            self._put_away(record, KILLS, DIED_OF_IT, now)

    def _attend(self, user_id: str, now: datetime) -> None:
        if not self._deaths or user_id in self._running:
            super()._attend(user_id, now)
            return
        while user_id not in self._running and (mailbox := self._mailboxes.pop(user_id, None)) is not None:
            self._backlog.let_go(mailbox)
            if mailbox.events:
                mailbox, rest = _first_of(mailbox)
                if rest is not None:
                    self._mailboxes[user_id] = rest
                    self._backlog.hold(rest)
            step = _step(mailbox)
            self._note.begin(user_id, step, step)
            if self._deaths.condemned(user_id, step):
                self._condemn(user_id, mailbox, now)
            else:
                self._begin(user_id, mailbox, now)

    def _go_on(self, running: Running, heard: Heard) -> None:
        if self._deaths:
            step = _step(running.mailbox)
            self._note.begin(running.user_id, step, step)
        super()._go_on(running, heard)

    def _condemn(self, user_id: str, mailbox: Mailbox, now: datetime) -> None:
        """What is left to do without folding it: the plans that were under way close as failed."""
        event: Event | None = mailbox.events[0] if mailbox.events else None
        known = self._people.known(user_id)
        decided = defects.condemned(known or Row(user_id=user_id), event, now, self._situation)
        self._apply(user_id, known, decided, now, woken=True)
        self._put_away(mailbox.records[0] if event else None, KILLS, DIED_OF_IT, now)


def _first_of(mailbox: Mailbox) -> tuple[Mailbox, Mailbox | None]:
    """The oldest event alone, and what stays behind it."""
    if len(mailbox.events) == 1 and not mailbox.woken:
        return mailbox, None
    first, rest = Mailbox(), Mailbox()
    first.events, first.records = mailbox.events[:1], mailbox.records[:1]
    rest.events, rest.records = mailbox.events[1:], mailbox.records[1:]
    rest.woken, rest.mature = mailbox.woken, mailbox.mature
    return first, rest


def _step(mailbox: Mailbox) -> int:
    """The event that a pass of one step is about; NO_EVENT for a wake-up."""
    return mailbox.events[0].offset if mailbox.events else NO_EVENT
