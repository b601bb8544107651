"""What may wait undecided in a partition: the bounds by name, and how far they are reached.

At the first that is reached the driver stops receiving and goes on polling; it goes on below half of all on Kafka,
where a pause throws away what was fetched ahead, and below the bound on the embedded log.
"""

from __future__ import annotations

from app.core.mailbox import Mailbox

UNDECIDED_LIMIT = 10_000
"""Events that wait for their pass, or whose pass waits for the model."""
UNDECIDED_BYTES = 64 * 1024 * 1024
"""Of their values as they stand in the log: a quarter of a MB each would be 2.5 GB."""
PASSES_LIMIT = 2_000
"""Passes that wait for the model; no more people are woken for a reading, either."""
MAILBOX_LIMIT = 500
"""Events for one person: a pass of theirs that waits for the model ends at once."""


class Backlog:
    """The bytes that wait; the others are counted where they stand."""

    def __init__(self) -> None:
        self._bytes = 0

    def hold(self, mailbox: Mailbox) -> None:
        """What is in it waits from now on, for the model or for the pass before it."""
        more = sum(len(record.value or b"") for record in mailbox.records[mailbox.held_records :])
        mailbox.held_records = len(mailbox.records)
        mailbox.held_bytes += more
        self._bytes += more

    def let_go(self, mailbox: Mailbox) -> None:
        """It waits no more."""
        if mailbox.held_records:
            self._bytes -= mailbox.held_bytes
            mailbox.held_records = mailbox.held_bytes = 0

    def fullness(self, events: int, passes: int) -> float:
        """How far the fullest bound is reached: 1 is full."""
        return max(events / UNDECIDED_LIMIT, self._bytes / UNDECIDED_BYTES, passes / PASSES_LIMIT)
