"""What is to be posted, as a sans-I/O machine: one at a time for each person, in the order of the log.

It is told what the log has and what became of each attempt; it says what to post now, what to tell the log, and
when to look again. It reads no clock.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from topics.nudges import Nudge

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)
"""A receiver that was away for hours is found again within this."""
LONGEST_ASKED = timedelta(hours=1)
"""How long a `Retry-After` is obeyed: beyond it the receiver is asked again."""

End = Literal["delivered", "rejected", "too_late", "recalled", "recall_posted", "not_needed"]
"""How an entry ended. `recalled`: the nudge was never sent; `not_needed`: a recall of what was never sent."""


Meaning = Literal["accepted", "rejected", "refused", "unknown"]


class Answered(msgspec.Struct, frozen=True):
    """What became of one attempt.

    `accepted`: the receiver has it. `rejected`: it never will. `refused`: it has not got it, and may later.
    `unknown`: nobody can say whether it has.
    """

    kind: Meaning
    reason: str = ""
    retry_after: timedelta | None = None


class Ended(msgspec.Struct, frozen=True):
    """An entry that is over. A nudge's end is told to the log: `nudge.delivered`, or `nudge.failed` with the reason."""

    nudge: Nudge
    end: End
    reason: str
    attempts: int

    @property
    def key(self) -> str:
        return key_of(self.nudge)


def key_of(nudge: Nudge) -> str:
    """The idempotency key: the nudge's id, and for its recall another of its own."""
    return nudge.nudge_id if nudge.kind == "nudge" else f"{nudge.nudge_id}.recall"


class _Entry:
    __slots__ = ("attempts", "maybe_sent", "not_before", "nudge", "recalled")

    def __init__(self, nudge: Nudge) -> None:
        self.nudge = nudge
        self.attempts = 0
        self.maybe_sent = False
        self.recalled = False
        self.not_before: datetime | None = None


class Book:
    """`known` are the ends of earlier lives, by key; `jitter` gives a number in [0, 1)."""

    def __init__(self, known: Mapping[str, End], jitter: Callable[[], float]) -> None:
        self._ends: dict[str, End] = dict(known)
        self._jitter = jitter
        self._queues: dict[str, deque[_Entry]] = {}
        self._listed: set[str] = set()
        self._ready: list[tuple[datetime, str]] = []
        self._posting: dict[str, _Entry] = {}
        self._ended: list[Ended] = []

    def take(self, nudge: Nudge, now: datetime) -> None:
        """A committed record of `nudges`; one that is known or ended is passed over."""
        key = key_of(nudge)
        if key in self._listed or key in self._ends:
            return
        queue = self._queues.setdefault(nudge.user_id, deque())
        if nudge.kind == "recall" and self._is_settled_by(nudge, queue, now):
            return
        self._listed.add(key)
        queue.append(_Entry(nudge))
        if len(queue) == 1:
            heapq.heappush(self._ready, (now, nudge.user_id))

    def _is_settled_by(self, recall: Nudge, queue: deque[_Entry], now: datetime) -> bool:
        """Whether the recall needs no posting: what it takes back was never sent, and is not sent any more."""
        entry = next((one for one in queue if key_of(one.nudge) == recall.nudge_id), None)
        if entry is None:
            if self._ends.get(recall.nudge_id, "delivered") == "delivered":
                return False
            self._end(_Entry(recall), "not_needed")
            return True
        entry.recalled = True
        if self._posting.get(recall.user_id) is entry:
            return False
        if entry.maybe_sent:
            heapq.heappush(self._ready, (now, recall.user_id))
            return False
        was_first = queue[0] is entry
        queue.remove(entry)
        self._end(entry, "recalled")
        self._end(_Entry(recall), "not_needed")
        if was_first:
            self._go_on(recall.user_id, now)
        return True

    def to_post(self, now: datetime, room: int) -> list[Nudge]:
        """At most `room` that may be posted now; each person's next comes only when this one has ended."""
        posts: list[Nudge] = []
        while self._ready and self._ready[0][0] <= now and len(posts) < room:
            _, user_id = heapq.heappop(self._ready)
            queue = self._queues.get(user_id)
            if not queue or user_id in self._posting:
                continue
            entry = queue[0]
            if entry.not_before is not None and entry.not_before > now and not entry.recalled:
                heapq.heappush(self._ready, (entry.not_before, user_id))
                continue
            if entry.recalled and entry.nudge.kind == "nudge":
                self._close(user_id, "recalled", now)  # it may have arrived: its recall follows
            elif now >= entry.nudge.not_after:
                self._close(user_id, "too_late", now)
            elif entry.nudge.kind == "recall" and not self._may_have_arrived(entry.nudge):
                self._close(user_id, "not_needed", now)
            else:
                entry.attempts += 1
                self._posting[user_id] = entry
                posts.append(entry.nudge)
        return posts

    def _may_have_arrived(self, recall: Nudge) -> bool:
        return self._ends.get(recall.nudge_id, "delivered") in {"delivered", "recalled"}

    def answered(self, nudge: Nudge, answer: Answered, now: datetime) -> None:
        """What became of an attempt that `to_post` handed out."""
        entry = self._posting.pop(nudge.user_id)
        if answer.kind == "accepted":
            self._close(nudge.user_id, "delivered" if nudge.kind == "nudge" else "recall_posted", now)
            return
        if answer.kind == "rejected":
            self._close(nudge.user_id, "rejected", now, answer.reason)
            return
        entry.maybe_sent = entry.maybe_sent or answer.kind == "unknown"
        if entry.recalled and not entry.maybe_sent:
            recall = next(one for one in self._queues[nudge.user_id] if one.nudge.kind == "recall")
            self._queues[nudge.user_id].remove(recall)
            self._close(nudge.user_id, "recalled", now)
            self._end(recall, "not_needed")
            return
        # What is left at the time of expiry ends then, not at the next attempt.
        pause = now if entry.recalled else now + self._pause(entry.attempts, answer.retry_after)
        entry.not_before = min(pause, max(now, entry.nudge.not_after))
        heapq.heappush(self._ready, (entry.not_before, nudge.user_id))

    def _pause(self, attempts: int, asked: timedelta | None) -> timedelta:
        """Twice as long each time, between half and all of it by chance; never less than the receiver asks for."""
        doubled = min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(attempts - 1, 20)))
        pause = doubled * (0.5 + self._jitter() / 2)
        return pause if asked is None else max(pause, min(asked, LONGEST_ASKED))

    def take_ended(self) -> list[Ended]:
        """What has ended since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def next_at(self) -> datetime | None:
        """When `to_post` has something to do next."""
        return self._ready[0][0] if self._ready else None

    @property
    def waiting(self) -> int:
        """Entries that have not ended."""
        return sum(len(queue) for queue in self._queues.values())

    @property
    def oldest(self) -> datetime | None:
        """When the oldest nudge was decided that has not ended."""
        return min((one.nudge.decided_at for queue in self._queues.values() for one in queue), default=None)

    def _close(self, user_id: str, end: End, now: datetime, reason: str = "") -> None:
        self._end(self._queues[user_id].popleft(), end, reason)
        self._go_on(user_id, now)

    def _go_on(self, user_id: str, now: datetime) -> None:
        if self._queues[user_id]:
            heapq.heappush(self._ready, (now, user_id))
        else:
            del self._queues[user_id]

    def _end(self, entry: _Entry, end: End, reason: str = "") -> None:
        key = key_of(entry.nudge)
        self._ends[key] = end
        self._listed.discard(key)
        self._ended.append(Ended(entry.nudge, end, reason or end, entry.attempts))
