"""What waits for one person, and the pass that is under way for another."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.core.one_pass import Passing, Wake
from app.core.row import Row
from topics.record import Record
from topics.user_events import Event

PASS_LIMIT = timedelta(seconds=60)
"""Over all the asks of a pass: two of 25 s each, and a little."""


class Mailbox:
    """Events that were received for a person and are in no pass yet, and whether they are to be woken."""

    __slots__ = ("events", "held_bytes", "held_records", "mature", "records", "woken")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.records: list[Record] = []
        """As they came, for the dead letter of one that turns out to be a defect."""
        self.woken = False
        self.mature = False
        self.held_records = self.held_bytes = 0
        """How much of it the backlog has counted."""

    @property
    def wake(self) -> Wake | None:
        """The wake-up that waits, if any."""
        return Wake(self.mature) if self.woken else None


class Running:
    """A pass that has not decided yet: it waits for an answer."""

    __slots__ = ("ask_id", "asked", "before", "deadline", "late", "mailbox", "passing", "started", "user_id")

    def __init__(
        self, user_id: str, before: Row | None, mailbox: Mailbox, passing: Passing, started: datetime
    ) -> None:
        """`before` is the row that the pass found; nobody else changes it meanwhile."""
        self.user_id = user_id
        self.before = before
        self.mailbox = mailbox
        self.passing = passing
        self.started = started
        self.deadline = started + PASS_LIMIT
        self.ask_id: int | None = None
        self.asked = False
        self.late = False
        """The deadline has passed: every further ask is answered as timed out, and sent to nobody."""
