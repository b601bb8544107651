"""Nudges and recalls for the tests, a log in a list, and a receiver that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp import web

from app.outside.log import OutOfReachError, milliseconds
from topics.encode import encode
from topics.nudges import NUDGES, Nudge
from topics.record import NewRecord, Record

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def nudge(
    name: str,
    user: str = "ana",
    *,
    recall: bool = False,
    at: datetime = NOON,
    lasts: timedelta = timedelta(hours=1),
) -> Nudge:
    """What the worker wrote about this person."""
    return Nudge(
        kind="recall" if recall else "nudge",
        nudge_id=name,
        user_id=user,
        agent="follow_up",
        intent_id=f"i-{name}",
        subject="the exam",
        text="" if recall else "How did the exam go?",
        locale="en",
        written_by="model",
        decided_at=at,
        not_after=at + lasts,
    )


class ListLog:
    """See Log: one partition in memory, which may be out of reach for a while."""

    where = "a list"

    def __init__(self) -> None:
        self.topics: dict[str, list[Record]] = {NUDGES.name: [], "user-events": []}
        self.away = False
        self._grown = asyncio.Event()

    def says(self, *nudges: Nudge) -> None:
        """The worker has committed these."""
        for one in nudges:
            self._add(NewRecord(NUDGES.name, one.user_id.encode(), encode(one), milliseconds(one.decided_at)))

    def _add(self, record: NewRecord) -> int:
        log = self.topics[record.topic]
        log.append(Record(record.topic, 0, len(log), record.key, record.value, record.timestamp_ms))
        self._grown.set()
        return len(log) - 1

    async def partitions(self, topic: str) -> int:
        return len([topic])

    async def read(
        self,
        topic: str,
        *,
        since: datetime | None = None,
        begin: Mapping[int, int] | None = None,
        user: str | None = None,
        follow: bool = False,
    ) -> AsyncIterator[Record]:
        del since, user
        position = (begin or {}).get(0, 0)
        while True:
            self._there()
            while position < len(self.topics[topic]):
                yield self.topics[topic][position]
                position += 1
            if not follow:
                return
            self._grown.clear()
            await self._grown.wait()

    async def append(self, records: Sequence[NewRecord]) -> list[tuple[int, int]]:
        self._there()
        return [(0, self._add(record)) for record in records]

    def _there(self) -> None:
        if self.away:
            raise OutOfReachError("the list is away", "wait")

    def goes_on(self) -> None:
        """Whoever follows looks again."""
        self._grown.set()


@dataclass
class Came:
    """One request as the receiver got it."""

    at: datetime
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """A real HTTP server; `answer` decides what it says to each request, None: it never answers."""

    now: Callable[[], datetime]
    answer: Callable[[Came], web.Response | None]
    came: list[Came] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    """Keys that were answered with 2xx."""
    takes_s: float = 0.0
    """How long it thinks before it answers."""
    port: int = 0
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        came = Came(self.now(), dict(request.headers), await request.read())
        came = Came(came.at, {name.lower(): value for name, value in came.headers.items()}, came.body)
        self.came.append(came)
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        answer = self.answer(came)
        if answer is None:
            await asyncio.sleep(3600)
            raise AssertionError("the sender never gave up")
        if answer.status < 300:
            self.taken.append(came.key)
        return answer

    async def appear(self) -> None:
        """It listens; the second time on the same port."""
        app = web.Application()
        app.router.add_post("/hook", self._hook)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def disappear(self) -> None:
        """Nobody listens any more."""
        if self._runner is not None:
            await self._runner.cleanup()


@asynccontextmanager
async def receiver(
    answer: Callable[[Came], web.Response | None], now: Callable[[], datetime], *, takes_s: float = 0.0
) -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    one = Receiver(now, answer, takes_s=takes_s)
    await one.appear()
    try:
        yield one
    finally:
        await one.disappear()
