"""Nudges as a delivery service sees them: by a reader of committed records, each with the time at which it came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.bench.mix import Made, records
from app.drivers.kafka_reader import Reader, reader
from tests.bench.ground import Topics
from topics.record import NewRecord

STEP_S = 0.01
GIVE_UP_S = 120.0
CONSENT: Made = ("consent.changed", {"agent": "*", "granted": True})


@dataclass
class Seen:
    """When each person's first nudge was seen, in seconds since 1970."""

    at: dict[str, float] = field(default_factory=dict)

    async def until(self, count: int, *, alive: Callable[[], bool]) -> None:
        """Wait until so many people's were seen; TimeoutError when none came for two minutes."""
        last, since = len(self.at), time.monotonic()
        while len(self.at) < count:
            await asyncio.sleep(0.05)
            if len(self.at) > last:
                last, since = len(self.at), time.monotonic()
            if not alive():
                raise RuntimeError("the worker has ended")
            if time.monotonic() - since > GIVE_UP_S:
                raise TimeoutError(f"{last} of {count} nudges came, and then no more")


@asynccontextmanager
async def watching(topics: Topics, topic: str = "nudges") -> AsyncIterator[Seen]:
    """Reads a topic from its end on."""
    seen = Seen()
    async with reader(topics.kafka) as one:
        places = [topics.kafka.place(topic, number) for number in range(topics.partitions)]
        one.assign(dict(await one.ends(places)))
        following = asyncio.create_task(_follow(one, seen))
        try:
            yield seen
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def _follow(one: Reader, seen: Seen) -> None:
    while True:
        found = await one.read()
        now = time.time()
        for record in found:
            if record.key is not None:
                seen.at.setdefault(record.key.decode(), now)


def asking(user: str, now: datetime) -> list[NewRecord]:
    """Somebody new who may be reached, and a plan that is due at once."""
    due_at = now - timedelta(seconds=1)
    asked: Made = ("intent.requested", {"agent": "follow_up", "subject": "how it went", "due_at": due_at})
    return records([CONSENT, asked], [user, user], now)


def taking_back(user: str, now: datetime) -> list[NewRecord]:
    """Somebody new who may be reached, a plan for another day, and that it is off: what an outcome says at once."""
    due_at = now + timedelta(days=3)
    asked: Made = ("intent.requested", {"agent": "follow_up", "subject": "how it went", "due_at": due_at})
    revoked: Made = ("intent.revoked", {"subject_key": "how it went"})
    return records([CONSENT, asked, revoked], [user] * 3, now)


async def ask_steadily(
    topics: Topics,
    users: Sequence[str],
    rate: float,
    beside: Sequence[NewRecord] = (),
    made: Callable[[str, datetime], list[NewRecord]] = asking,
) -> dict[str, float]:
    """What is `made` for each, so many a second, with other events spread between; when each was appended."""
    appended: dict[str, float] = {}
    under_way: set[asyncio.Task[object]] = set()
    begun, each = time.monotonic(), len(beside) / len(users) if users else 0
    sent = 0
    while sent < len(users):
        upto = min(len(users), int((time.monotonic() - begun) * rate) + 1)
        if upto > sent:
            batch = [*beside[int(sent * each) : int(upto * each)]]
            now = datetime.now(UTC)
            for user in users[sent:upto]:
                batch.extend(made(user, now))
            at = time.time()
            appended.update(dict.fromkeys(users[sent:upto], at))
            task = asyncio.create_task(topics.appender.append(batch))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            sent = upto
        await asyncio.sleep(STEP_S)
    await asyncio.gather(*under_way)
    return appended
