"""The one front door to a model, used by every driver that can wait."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime
from typing import Protocol

import msgspec

from app.core.asks import Ask, Reply
from app.model.admission import Admission

LIMIT_S = 25.0


class Clock(Protocol):
    """The driver's clock: the real one, a quickened one, or a story's."""

    def now(self) -> datetime: ...
    async def sleep_until(self, when: datetime) -> None:
        """Return at once when that is past."""


class Backend(Protocol):
    """Something that answers one request, once; it raises nothing but CancelledError."""

    @property
    def on_wire(self) -> int:
        """Requests that wait for an answer from outside, and not for the clock."""

    async def ask(self, ask: Ask, *, limit_s: float) -> Reply:
        """The answer, or the kind of failure, within `limit_s` seconds."""


class NoModel:
    """`TACTFUL_MODEL=none`: every request is unreachable at once."""

    on_wire = 0

    async def ask(self, ask: Ask, *, limit_s: float) -> Reply:  # noqa: ARG002 - the names of the Protocol
        """There is nobody to ask."""
        return Reply(failed="unreachable")


class Model:
    """Waits for `Ask.after`, then for a slot; asks if circuit and minute allow; records what came of it."""

    def __init__(
        self, backend: Backend, *, clock: Clock, admission: Admission | None = None, limit_s: float = LIMIT_S
    ) -> None:
        """`admission` is shared with the worker's ModelRoom; `limit_s` is the limit of one request."""
        self.admission = admission or Admission()
        self._backend = backend
        self._clock = clock
        self._limit_s = limit_s
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def on_wire(self) -> int:
        """Requests that wait for the outside: a story's clock stands still until there are none."""
        return self._backend.on_wire

    def at_once(self, ask: Ask) -> Reply | None:
        """The reply to a request that the open circuit would send nowhere; None where it has to wait for something."""
        now = self._clock.now()
        if (ask.after is not None and ask.after > now) or not self.admission.circuit.refuses(now):
            return None
        return Reply(failed="unreachable")

    async def ask(self, ask: Ask) -> Reply:
        """One request. `seconds` is how long it took by the clock, without the wait for its turn."""
        if ask.after is not None:
            await self._clock.sleep_until(ask.after)
        await self._turn()
        started = self._clock.now()
        failed = self.admission.admit(started)
        if failed is not None:
            self._next()
            return Reply(failed=failed)
        try:
            reply = await self._backend.ask(ask, limit_s=self._limit_s)
        except BaseException:
            self.admission.give_up(self._clock.now())
            self._next()
            raise
        ended = self._clock.now()
        self.admission.record(reply, ended)
        self._next()
        return msgspec.structs.replace(reply, seconds=max(0.0, (ended - started).total_seconds()))

    async def _turn(self) -> None:
        """Wait for a slot, in the order of asking; an open circuit ends the wait: nothing is sent."""
        first = True
        while self._must_wait(newcomer=first):
            turn = asyncio.get_running_loop().create_future()
            # Who was woken and found the slot taken again keeps its place at the front.
            (self._waiting.append if first else self._waiting.appendleft)(turn)
            first = False
            try:
                await turn
            except asyncio.CancelledError:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                else:
                    self._next()  # it was woken and cannot use its turn
                raise

    def _must_wait(self, *, newcomer: bool) -> bool:
        if self.admission.circuit.refuses(self._clock.now()):
            return False
        return not self.admission.has_slot or (newcomer and bool(self._waiting))

    def _next(self) -> None:
        """Wake who is next; everybody when the circuit has opened."""
        everybody = self.admission.circuit.refuses(self._clock.now())
        while self._waiting and (everybody or self.admission.has_slot):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
            if not everybody:
                return
