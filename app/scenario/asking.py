"""Requests to the scripted model in a world without waiting: what is sent now is answered at a known time."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from app.core.asks import Reply
from app.core.partition import PendingAsk
from app.model.admission import Admission
from app.model.gate import LIMIT_S
from app.model.script import Script
from app.model.scripted import scripted_reply


class Asking:
    """As the drivers' front door: wait for `after`, then for a slot, then be admitted or refused."""

    def __init__(self, script: Script, admission: Admission) -> None:
        self._script = script
        self._admission = admission
        self._resting: list[tuple[datetime, int, PendingAsk]] = []
        self._waiting: deque[PendingAsk] = deque()
        self._answers: list[tuple[datetime, int, bool, Reply]] = []
        """When it comes, for which request, whether it was sent at all, and what it is."""

    def begin(self, asks: Sequence[PendingAsk], now: datetime) -> None:
        """Send these, or as many as may be sent now; the others wait for their time or their turn."""
        for ask in asks:
            if ask.ask.after is not None and ask.ask.after > now:
                heapq.heappush(self._resting, (ask.ask.after, ask.ask_id, ask))
            else:
                self._waiting.append(ask)
        while self._resting and self._resting[0][0] <= now:
            self._waiting.append(heapq.heappop(self._resting)[2])
        while self._waiting and (self._admission.has_slot or self._admission.circuit.refuses(now)):
            self._send(self._waiting.popleft(), now)

    def drop(self, ask_ids: Sequence[int], now: datetime) -> None:
        """Nobody waits for these any more."""
        gone = set(ask_ids)
        if not gone:
            return
        self._resting = [one for one in self._resting if one[1] not in gone]
        heapq.heapify(self._resting)
        self._waiting = deque(ask for ask in self._waiting if ask.ask_id not in gone)
        for _, ask_id, sent, _ in self._answers:
            if ask_id in gone and sent:
                self._admission.give_up(now)
        self._answers = [one for one in self._answers if one[1] not in gone]
        heapq.heapify(self._answers)

    def answers(self, now: datetime) -> Iterator[tuple[int, Reply]]:
        """What has come back by now, the earliest first."""
        while self.has_answers(now):
            _, ask_id, sent, reply = heapq.heappop(self._answers)
            if sent:
                self._admission.record(reply, now)
            yield ask_id, reply

    def has_answers(self, now: datetime) -> bool:
        """Whether something has come back that was not taken."""
        return bool(self._answers) and self._answers[0][0] <= now

    def next_at(self, now: datetime) -> datetime | None:
        """When the next answer comes or the next request may be sent; None when nothing is to come."""
        times = [self._answers[0][0]] if self._answers else []
        if self._resting:
            times.append(max(now, self._resting[0][0]))
        return min(times, default=None)

    def _send(self, pending: PendingAsk, now: datetime) -> None:
        failed = self._admission.admit(now)
        if failed is not None:
            heapq.heappush(self._answers, (now, pending.ask_id, False, Reply(failed=failed)))
            return
        reply = scripted_reply(self._script, pending.ask, limit_s=LIMIT_S)
        heapq.heappush(self._answers, (now + timedelta(seconds=reply.seconds), pending.ask_id, True, reply))
