"""A real worker over an embedded log, busy until it is killed: `python -m ... FOLDER PEOPLE`."""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from agents import FIVE
from app.core.asks import Ask, Compose, ComposeAnswer, ReadingAnswer, Reply
from app.core.partition import Partition
from app.core.policy import Policy
from app.drivers.clock import SteadyClock
from app.drivers.embedded import EmbeddedLog
from app.drivers.embedded_worker import EmbeddedWorker
from topics.record import NewRecord

POLICY = Policy.model_validate(
    {"quiet_hours": {"start": "00:00", "end": "00:00"}, "settle": {"quiet": "50ms"}, "active_within": "0s"}
)
REQUESTS = 3
"""Plans asked for each person: one becomes a nudge at once, the others are outranked and wait."""


class Slow:
    """Answers after some milliseconds, so that passes are under way at every moment."""

    on_wire = 0

    def at_once(self, ask: Ask) -> None:
        """Everything takes time."""

    async def ask(self, ask: Ask) -> Reply:
        self.on_wire += 1
        try:
            await asyncio.sleep(random.uniform(0, 0.01))
        finally:
            self.on_wire -= 1
        if isinstance(ask.question, Compose):
            return Reply(
                answer=ComposeAnswer(text=f"I was thinking of {ask.question.subject}. How is it going?")
            )
        return Reply(answer=ReadingAnswer())


def life(n: int, now: datetime) -> list[NewRecord]:
    """What happens to one person: a consent, words, and plans that are due at once."""

    def event(kind: str, turn: int, data: dict[str, Any]) -> NewRecord:
        body = {
            "id": f"{n}-{turn}",
            "source": "test",
            "type": kind,
            "time": now.isoformat(),
            "user_id": f"u{n}",
            "data": data,
        }
        return NewRecord("user-events", b"u%d" % n, msgspec.json.encode(body), int(now.timestamp() * 1000))

    due = now.isoformat()
    asked = [{"agent": "follow_up", "subject": f"thing number {k}", "due_at": due} for k in range(REQUESTS)]
    return [
        event("consent.changed", 0, {"agent": "*", "granted": True}),
        event("message.received", 1, {"text": "hello there"}),
        event("conversation.ended", 2, {}),
        *(event("intent.requested", 10 + k, data) for k, data in enumerate(asked)),
        *([event("user.erased", 20, {})] if n % 10 == 9 else []),
    ]


def begun(log: EmbeddedLog) -> int:
    """How many people's lives stand in the log; each was appended as a whole."""
    users = {record.key for record in log.read_topic("user-events")}
    return len(users)


async def busy(folder: Path, people: int) -> None:
    """Live people's lives one after the other, and say `done` when all that is due is decided."""
    log = EmbeddedLog(folder)
    agents = {agent.name: agent for agent in FIVE}
    worker = EmbeddedWorker(
        log,
        build=lambda head, row: Partition(0, head=head, rows=row, policy=POLICY, agents=agents),
        model=Slow(),
        clock=SteadyClock(),
        room=lambda woken, _: max(0, 32 - woken),
        min_commit_interval_s=0,
    )
    running = asyncio.create_task(worker.run())
    print("up", flush=True)  # noqa: T201  # how the test hears of it
    for n in range(begun(log), people):
        now = datetime.now(UTC)
        log.append(life(n, now), now=now)
        await asyncio.sleep(0.001)
    await asyncio.sleep(timedelta(seconds=1).total_seconds())
    await worker.settled()
    await worker.drain(3)
    await running
    log.close()
    print("done", flush=True)  # noqa: T201  # how the test hears of it


if __name__ == "__main__":
    asyncio.run(busy(Path(sys.argv[1]), int(sys.argv[2])))
