"""What a partition says to its driver: a transaction to make durable, a request to carry to the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from app.core.asks import Ask
from app.core.head import Head
from topics.record import NewRecord


class Commit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One transaction: all of it becomes durable or nothing does.

    `rows` holds the latest row of each person touched (None: a tombstone); the driver writes `head` under HEAD_KEY.
    `records` are in the order of the decisions.
    """

    number: int
    rows: Mapping[str, bytes | None]
    head: Head
    records: Sequence[NewRecord]


class PendingAsk(msgspec.Struct, frozen=True, gc=False):
    """A request that a running pass waits for; `deadline` is the end of its pass."""

    ask_id: int
    ask: Ask
    deadline: datetime
