"""The service: it follows `nudges`, posts what is due, and tells the log what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, cast

import msgspec

from app.core.tally import Tally
from app.deliver.book import Answered, Book, Ended
from app.outside.log import OutOfReachError, milliseconds
from topics.encode import event_record
from topics.nudges import NUDGES, Nudge
from topics.user_events import Receipt

if TYPE_CHECKING:
    from app.deliver.progress import Progress
    from app.drivers.clock import Clock
    from app.outside.log import Log
    from topics.record import NewRecord, Record

log = logging.getLogger("tactful.deliver")

SOURCE = "tactful-deliver"
AGAIN_S = 1.0
"""Real seconds until the log is asked again after it could not be reached."""
UNREAD_AT_MOST = 1_000
"""Beyond so many they are not counted on: that it is behind is known by then."""
TOLD: dict[str, str] = {
    "delivered": "nudge.delivered",
    "rejected": "nudge.failed",
    "too_late": "nudge.failed",
    "recalled": "nudge.failed",
}


class Poster(Protocol):
    """Makes one attempt; see posting.py."""

    async def post(self, nudge: Nudge, at: datetime, *, within_s: float) -> Answered: ...


class Delivery:
    """`at_once` people are posted to at the same time; `on_end` is told each end once it is durable.

    `count` is given what there is to count (see DELIVERY of the metrics' list).
    """

    def __init__(
        self,
        log: Log,
        progress: Progress,
        hook: Poster,
        clock: Clock,
        *,
        jitter: Callable[[], float],
        at_once: int = 16,
        since: datetime | None = None,
        on_end: Callable[[Ended], None] = lambda _: None,
        count: Callable[[Tally], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._progress = progress
        self._hook = hook
        self._clock = clock
        self._at_once = at_once
        self._since = since
        self._on_end = on_end
        self._count = count
        self._book = Book(progress.known(), jitter)
        self._begin: dict[int, int] = {}
        self._news = asyncio.Event()
        self._posts: set[asyncio.Task[None]] = set()
        self._error: BaseException | None = None
        self._stopping = False
        self._read_all = False
        self.stuck = ""
        """Why the log takes no receipts just now; empty while it does."""
        self.counted: Counter[str] = Counter()

    async def run(self, *, until_idle: bool = False) -> None:
        """Until `drain`; with `until_idle` until all that the topic holds has ended."""
        reading = asyncio.create_task(self._read(follow=not until_idle), name="nudges")
        try:
            while not self._is_over(until_idle=until_idle):
                self._news.clear()
                self._begin_posts()
                await self._tell()
                if not self._is_over(until_idle=until_idle):
                    await self._wait()
                if self._error is not None:
                    raise self._error
                if reading.done() and not self._stopping:
                    reading.result()
            await self._tell()
        finally:
            reading.cancel()
            for task in self._posts:
                task.cancel()
            await asyncio.gather(reading, *self._posts, return_exceptions=True)

    def drain(self) -> None:
        """Begin no more attempts; what is under way is waited for and told."""
        self._stopping = True
        self._news.set()

    @property
    def waiting(self) -> int:
        """Nudges and recalls that are not over."""
        return self._book.waiting

    @property
    def oldest(self) -> datetime | None:
        """When the oldest of them was decided."""
        return self._book.oldest

    async def unread(self) -> int:
        """How many records of the topic were not read yet, counted up to UNREAD_AT_MOST; OutOfReachError."""
        begin, unread = dict(self._begin), 0
        since = None if begin else self._since
        found = self._log.read(NUDGES.name, since=since, begin=begin or None)
        async with aclosing(cast("AsyncGenerator[Record]", found)) as records:
            async for _ in records:
                unread += 1
                if unread == UNREAD_AT_MOST:
                    break
        return unread

    def _is_over(self, *, until_idle: bool) -> bool:
        if self._posts:
            return False
        return self._stopping or (until_idle and self._read_all and not self._book.waiting)

    async def _read(self, *, follow: bool) -> None:
        """Everything that the topic has, and what comes; after an outage on from where it was."""
        while True:
            try:
                async for record in self._log.read(
                    NUDGES.name,
                    since=None if self._begin else self._since,
                    begin=self._begin or None,
                    follow=follow,
                ):
                    self._begin[record.partition] = record.offset + 1
                    self._take(record)
            except OutOfReachError as error:
                if not follow:
                    raise
                log.warning("%s", error)
            else:
                if not follow:
                    self._read_all = True
                    self._news.set()
                    return
            await asyncio.sleep(AGAIN_S)

    def _take(self, record: Record) -> None:
        try:
            nudge = msgspec.json.decode(record.value or b"", type=Nudge)
        except msgspec.DecodeError as error:
            # Everything else on the topic is still to be delivered.
            log.error("%s-%d@%d is no nudge: %s", record.topic, record.partition, record.offset, error)  # noqa: TRY400 - the text says it all
            return
        self._book.take(nudge, self._clock.now())
        self._news.set()

    def _begin_posts(self) -> None:
        if self._stopping:
            return
        now = self._clock.now()
        for nudge in self._book.to_post(now, self._at_once - len(self._posts)):
            task = asyncio.create_task(self._post(nudge))
            self._posts.add(task)
            task.add_done_callback(self._post_ended)

    def _post_ended(self, task: asyncio.Task[None]) -> None:
        self._posts.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._error = error
        self._news.set()

    async def _post(self, nudge: Nudge) -> None:
        now = self._clock.now()
        left = (nudge.not_after - now).total_seconds()
        answer = await self._hook.post(nudge, now, within_s=max(left, 0.001))
        tally = Tally()
        tally.count("tactful_delivery_attempts_total", answer.kind)
        tally.observe("tactful_delivery_attempt_seconds", (self._clock.now() - now).total_seconds())
        self._count(tally)
        self.counted[f"attempt {answer.kind}"] += 1
        if answer.kind != "accepted":
            log.info("%s of %s: %s", nudge.kind, nudge.nudge_id, answer.reason)
        self._book.answered(nudge, answer, self._clock.now())

    async def _tell(self) -> None:
        """The receipt stands in the log before the end is noted: a crash between tells it twice, as one event."""
        ended = self._book.take_ended()
        if not ended:
            return
        now = self._clock.now()
        receipts = [record for one in ended if (record := receipt(one, now)) is not None]
        await self._append(receipts)
        self._progress.note(ended, now)
        tally = Tally()
        for one in ended:
            self.counted[one.end] += 1
            tally.count("tactful_delivery_ended_total", one.end)
            if one.end == "delivered":
                tally.observe("tactful_delivery_delay_seconds", (now - one.nudge.decided_at).total_seconds())
            self._on_end(one)
        self._count(tally)

    async def _append(self, receipts: Sequence[NewRecord]) -> None:
        while receipts:
            try:
                await self._log.append(receipts)
            except OutOfReachError as error:
                self.stuck = str(error)
                log.warning("receipts wait: %s", error)
                await asyncio.sleep(AGAIN_S)
            else:
                self.stuck = ""
                return

    async def _wait(self) -> None:
        """Until something comes, or the next attempt is due."""
        full = len(self._posts) >= self._at_once or self._stopping
        due = None if full else self._book.next_at()
        if due is None:
            await self._news.wait()
            return
        alarm = self._clock.alarm(due, self._news.set)
        try:
            await self._news.wait()
        finally:
            alarm.cancel()


def receipt(ended: Ended, now: datetime) -> NewRecord | None:
    """What the log is told of a nudge's end; of a recall's it is told nothing."""
    kind = TOLD.get(ended.end)
    if kind is None or ended.nudge.kind != "nudge":
        return None
    return event_record(
        user_id=ended.nudge.user_id,
        event_id=f"{ended.nudge.nudge_id}/{kind}",
        source=SOURCE,
        event_type=kind,
        data=Receipt(ended.nudge.nudge_id, "" if ended.end == "delivered" else ended.reason),
        timestamp_ms=milliseconds(now),
        time=now,
        traceparent=ended.nudge.traceparent,
    )
