"""A worker under an orchestrator that starts it again, and a log in which one person's event ends the process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.worker.process import worker
from topics.record import NewRecord

DEADLY = "tests.kafka.deadly_agent:AGENT"
WITHIN_S = 60.0


def poisoned(poison: str, victims: str, others: str) -> list[NewRecord]:
    """Two people's lives in turns; `poison` is the event of the victim's that ends the process."""
    request = {"agent": "follow_up", "subject": "the harvest", "due_at": datetime.now(UTC).isoformat()}
    # What is due in one moment with a plan that kills would go with it.
    later = request | {"due_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    return [
        _record(user, number, kind, data)
        for number, (user, kind, data) in enumerate(
            [
                (victims, "consent.changed", {"agent": "*", "granted": True}),
                (others, "consent.changed", {"agent": "*", "granted": True}),
                (others, "weather.changed", {}),
                (victims, poison, {}),
                (victims, "intent.requested", later if poison == "trap.laid" else request),
                (others, "intent.requested", request),
            ]
        )
    ]


def _record(user: str, number: int, kind: str, data: object) -> NewRecord:
    body = {"id": str(number), "source": "tests", "type": kind, "user_id": user, "data": data}
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    return NewRecord("user-events", user.encode(), json.dumps(body).encode(), now_ms)


async def deaths_until(
    done: Callable[[str], Awaitable[bool]], folder: Path, *, at_most: int, **env: str
) -> int:
    """Start the worker again whenever it dies, until `done` at its address; how often it died. It is drained then."""
    for deaths in range(at_most + 1):
        async with worker(folder, **env) as one, asyncio.timeout(WITHIN_S):
            while one.process.returncode is None:
                if one.url and await done(one.url):
                    await one.ended_well()
                    return deaths
                await asyncio.sleep(0.1)
            assert one.process.returncode == 1
    raise AssertionError(f"it died more than {at_most} times")
