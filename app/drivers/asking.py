"""The requests of one partition that are out at the model."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from app.core.asks import Question, Reply, task_of
from app.core.tally import Tally

if TYPE_CHECKING:
    from app.core.partition import PendingAsk
    from app.drivers.machine import Model, Spans

log = logging.getLogger("tactful.partition")


class Asking:
    """Each request is a task; `answered` is told its reply, `ended` that it is out no more."""

    def __init__(
        self,
        model: Model,
        *,
        answered: Callable[[int, Reply], None],
        count: Callable[[Tally], None],
        ended: Callable[[], None],
        spans: Spans,
    ) -> None:
        self._model = model
        self._tell = count
        self._answered = answered
        self._ended = ended
        self._spans = spans
        self._out: dict[int, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._out)

    def begin(self, pending: Sequence[PendingAsk]) -> None:
        """Send these; the model's own slots and limits hold them back where they must wait."""
        tally = Tally()
        for one in pending:
            reply = self._model.at_once(one.ask)
            if reply is not None:
                _count(tally, one.ask.question, reply)
                self._answered(one.ask_id, reply)
                continue
            task = asyncio.create_task(self._ask(one))
            self._out[one.ask_id] = task
            task.add_done_callback(partial(self._end, one.ask_id))
        if tally.counts:
            self._tell(tally)

    def drop(self, ask_ids: Sequence[int]) -> None:
        """Nobody waits for these any more: give their slots back."""
        for ask_id in ask_ids:
            if (task := self._out.get(ask_id)) is not None:
                task.cancel()

    async def let_go(self) -> None:
        """Cancel all of them and wait until they have ended."""
        tasks = list(self._out.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, pending: PendingAsk) -> None:
        came: Reply | None = None
        told = self._spans.asking(pending)
        try:
            came = reply = await self._model.ask(pending.ask)
        except Exception:
            log.exception("the model's front door raised instead of replying: counted as unreachable")
            came = reply = Reply(failed="unreachable")
        finally:
            told(came)
        tally = Tally()
        _count(tally, pending.ask.question, reply)
        self._tell(tally)
        self._answered(pending.ask_id, reply)

    def _end(self, ask_id: int, _: asyncio.Task[None]) -> None:
        del self._out[ask_id]
        self._ended()


def _count(tally: Tally, question: Question, reply: Reply) -> None:
    """What a request cost, for the metrics; `budget` was never sent."""
    task = task_of(question)
    tally.count("tactful_model_calls_total", task, reply.failed or "answered")
    if reply.failed != "budget":
        tally.observe("tactful_model_seconds", reply.seconds, task)
    if reply.input_tokens or reply.output_tokens:
        tally.count("tactful_model_tokens_total", task, "input", by=reply.input_tokens)
        tally.count("tactful_model_tokens_total", task, "output", by=reply.output_tokens)
