"""Very many people with a plan each, written to `nudge-state` as a worker would have left them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from app.bench.timers import seeds
from app.core.head import HEAD_KEY, Head
from tests.bench.ground import AT_ONCE, Topics
from topics.record import NewRecord
from topics.state import NUDGE_STATE


async def seed(topics: Topics, users: Sequence[str], due: Sequence[datetime]) -> None:
    """One row a person, and each partition's own, which says that nothing of the input is done."""
    opened_at = min(*due, datetime.now(UTC)) - timedelta(hours=1)
    now_ms = time.time_ns() // 1_000_000
    head = msgspec.msgpack.encode(Head(partitions=topics.partitions))
    batch = [
        NewRecord(NUDGE_STATE.name, HEAD_KEY.encode(), head, now_ms, partition=number)
        for number in range(topics.partitions)
    ]
    for user, row in seeds(users, due, opened_at=opened_at):
        batch.append(NewRecord(NUDGE_STATE.name, user.encode(), row, now_ms))
        if len(batch) >= AT_ONCE:
            await topics.appender.append(batch)
            batch = []
    await topics.appender.append(batch)
