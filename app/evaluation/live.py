"""Asking a live model: what has no answer yet, several at once, each answer kept as soon as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from app.core.asks import Ask, Reply
from app.core.policy import Price
from app.evaluation.exchange import request_id, written
from app.model.gate import Backend

# Nobody waits for an evaluation: what a pause may cure is asked again, unlike in a pass.
PAUSES_S = (2.0, 8.0, 20.0)
GIVES_UP_AFTER = 5
"""Requests in a row that were not answered though asked again: nobody is there."""

Progress = Callable[["Spent"], None]


class Spent(msgspec.Struct):
    """What a run has cost so far."""

    requests: int
    """How many there are to ask."""
    answered: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    """None when the policy has no price for the model that answered."""
    stopped: str = ""
    """Why it ended before all were asked: `cost` or `unreachable`."""


class Live:
    """One run against a model; it can be broken off at any time and begun again."""

    def __init__(
        self,
        backend: Backend,
        kept: Path,
        *,
        limit_s: float,
        prices: Mapping[str, Price],
        most_usd: float | None = None,
        pauses_s: Sequence[float] | None = None,
    ) -> None:
        self._backend = backend
        self._kept = kept
        self._limit_s = limit_s
        self._prices = prices
        self._most_usd = most_usd
        self._pauses_s = PAUSES_S if pauses_s is None else pauses_s
        self._in_a_row = 0

    async def run(self, asks: Sequence[tuple[str, Ask]], *, at_once: int, progress: Progress) -> Spent:
        """Ask all of them, at most `at_once` at a time."""
        spent = Spent(len(asks))
        waiting = list(reversed(asks))

        async def worker() -> None:
            while waiting and not spent.stopped:
                name, ask = waiting.pop()
                reply = await self._asked(ask, spent)
                self._note(name, ask, reply, spent)
                progress(spent)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, len(asks))):
                group.create_task(worker())
        return spent

    async def _asked(self, ask: Ask, spent: Spent) -> Reply:
        reply = await self._backend.ask(ask, limit_s=self._limit_s)
        for pause in self._pauses_s:
            if reply.answered or spent.stopped:
                break
            await asyncio.sleep(pause)
            reply = await self._backend.ask(ask, limit_s=self._limit_s)
        return reply

    def _note(self, name: str, ask: Ask, reply: Reply, spent: Spent) -> None:
        spent.input_tokens += reply.input_tokens
        spent.output_tokens += reply.output_tokens
        if not reply.answered:
            spent.failed += 1
            self._in_a_row += 1
            if self._in_a_row >= GIVES_UP_AFTER:
                spent.stopped = "unreachable"
            return
        self._in_a_row = 0
        spent.answered += 1
        price = self._prices.get(reply.model)
        if price is None or spent.cost_usd is None:
            spent.cost_usd = None
        else:
            cost = reply.input_tokens * price.input_per_mtok + reply.output_tokens * price.output_per_mtok
            spent.cost_usd += cost / 1_000_000
        with self._kept.open("ab") as file:
            file.write(written(request_id(name, ask.question), reply))
        if self._most_usd is not None and (spent.cost_usd is None or spent.cost_usd >= self._most_usd):
            spent.stopped = "cost"
