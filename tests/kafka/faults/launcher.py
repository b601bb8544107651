"""`tactful worker` that does something to itself at a named point of its work: `python -m ... worker`.

`FAULT_KILL=point[:n]` ends it with SIGKILL when it comes to that point for the n-th time, `FAULT_FREEZE=point[:n]`
stops it there with SIGSTOP. `FAULT_UNFENCED=1` gives every producer a transactional id of its own, so that nobody
is fenced: the world without the promise. `FAULT_PATIENT=1` gives commits three times their time, so that what slept
for longer than usual goes on with its commit all the same, and nothing but the fence is in its way.
The product knows nothing of it: its own functions are wrapped here.
"""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from app.core.partition import Commit
from app.drivers import kafka_takeover
from app.drivers.committing import Committing
from app.drivers.kafka_client import Kafka
from app.drivers.kafka_commit import TransactionLog
from app.drivers.kafka_takeover import Takeovers
from app.model.gate import Model
from topics.nudges import NUDGES

POINTS = (
    "before the fence",
    "mid-restore",
    "before begin",
    "before a nudge's begin",
    "after begin",
    "between append and commit",
    "after the commit, before the local copy",
    "during a model call",
)

Reached = Callable[[str], None]


def _acting(env: Mapping[str, str]) -> Reached:
    """What is done when a point is reached."""
    wanted: dict[tuple[str, int], signal.Signals] = {}
    for name, what in (("FAULT_KILL", signal.SIGKILL), ("FAULT_FREEZE", signal.SIGSTOP)):
        if name in env:
            point, _, turn = env[name].partition(":")
            if point not in POINTS:
                raise SystemExit(f"{name}={point!r}: there is {', '.join(POINTS)}")
            wanted[point, int(turn or 1)] = what
    reached: Counter[str] = Counter()

    def act(point: str) -> None:
        reached[point] += 1
        what = wanted.get((point, reached[point]))
        if what is not None:
            os.kill(os.getpid(), what)

    return act


def _wrap(where: Any, name: str, around: Callable[[Any], Any]) -> None:
    """Put a function of the fault around one of the product's."""
    setattr(where, name, around(getattr(where, name)))


def _around_takeovers(act: Reached) -> None:
    def fence(fenced: Any) -> Any:
        async def around(self: Takeovers, number: int) -> Any:
            act("before the fence")
            return await fenced(self, number)

        return around

    def read(read_to: Any) -> Any:
        async def around(*given: Any, **more: Any) -> AsyncIterator[Any]:
            async for batch in read_to(*given, **more):
                yield batch
                act("mid-restore")

        return around

    _wrap(Takeovers, "_fenced", fence)
    _wrap(kafka_takeover, "read_to", read)


def _around_transactions(act: Reached) -> None:
    def commit(transaction: Any) -> Any:
        async def around(self: TransactionLog, decided: Commit, rows: Any) -> Any:
            producer = self._producer
            nudges = any(record.topic == NUDGES.name for record in decided.records)
            begin, end = producer.begin_transaction, producer.commit_transaction

            async def beginning() -> None:
                act("before begin")
                if nudges:
                    act("before a nudge's begin")
                await begin()
                act("after begin")

            async def ending() -> None:
                await producer.flush()  # all of it stands in the log, and nothing of it counts
                act("between append and commit")
                await end()
                act("after the commit, before the local copy")

            producer.begin_transaction, producer.commit_transaction = beginning, ending
            try:
                return await transaction(self, decided, rows)
            finally:
                producer.begin_transaction, producer.commit_transaction = begin, end

        return around

    _wrap(TransactionLog, "_transaction", commit)


def _around_the_model(act: Reached) -> None:
    def asked(ask: Any) -> Any:
        async def around(self: Model, question: Any) -> Any:
            reply = await ask(self, question)
            act("during a model call")  # answered by the model, and not heard of yet
            return reply

        return around

    _wrap(Model, "ask", asked)


def _without_fencing() -> None:
    def unfenced(producer: Any) -> Any:
        def around(self: Kafka, transactional_id: str | None = None) -> Any:
            own = None if transactional_id is None else f"{transactional_id}-{uuid.uuid4().hex}"
            return producer(self, own)

        return around

    _wrap(Kafka, "producer", unfenced)


def _with_patience() -> None:
    def patient(init: Any) -> Any:
        def around(self: Committing, *given: Any, **named: Any) -> None:
            init(self, *given, **named)
            self._within_s *= 3

        return around

    _wrap(Committing, "__init__", patient)


def main() -> None:
    """Wrap what was asked for, and be the command."""
    act = _acting(os.environ)
    _around_takeovers(act)
    _around_transactions(act)
    _around_the_model(act)
    if os.environ.get("FAULT_UNFENCED"):
        _without_fencing()
    if os.environ.get("FAULT_PATIENT"):
        _with_patience()
    from app.cli.main import run  # noqa: PLC0415 - what it imports is to be wrapped by then

    sys.argv[0] = "tactful"
    run()


if __name__ == "__main__":
    main()
