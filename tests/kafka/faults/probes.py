"""How long people wait for what was due: somebody new every so often, and a reader that sees the nudge come."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiokafka import TopicPartition

from tests.kafka.faults.ledger import consumer
from tests.kafka.faults.lives import SOURCE, Happening
from tests.kafka.faults.scene import Scene

EVERY_S = 0.2
DUE_IN_S = 1.0
POLL_MS = 50


@dataclass(slots=True)
class Probes:
    """When each probe's plan was due, and when its nudge could be read."""

    scene: Scene
    due: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)

    async def send(self) -> None:
        """Until it is cancelled, people with one plan each that is due in a second."""
        while True:
            user, now = f"probe-{len(self.due)}", datetime.now(UTC)
            due_at = now + timedelta(seconds=DUE_IN_S)
            plan = {
                "agent": "follow_up",
                "subject": f"matter of {user}",
                "subject_key": f"key-{user}",
                "due_at": due_at.isoformat(),
            }
            for kind, data in (
                ("consent.changed", {"agent": "*", "granted": True}),
                ("intent.requested", plan),
            ):
                self.scene.load.also(
                    Happening(at=now, user=user, id=f"{user}-{kind}", type=kind, data=data, source=SOURCE)
                )
            self.due[user] = due_at.timestamp()
            await asyncio.sleep(EVERY_S)

    async def watch(self) -> None:
        """Until it is cancelled, note when each nudge is there for a reader of committed records."""
        async with consumer(self.scene.cluster.bootstrap) as one:
            places = [
                TopicPartition(self.scene.topic("nudges"), number) for number in range(self.scene.partitions)
            ]
            one.assign(places)
            await one.seek_to_end(*places)
            while True:
                for batch in (await one.getmany(timeout_ms=POLL_MS)).values():
                    for raw in batch:
                        said = json.loads(raw.value)
                        if said["kind"] == "nudge":
                            self.seen.setdefault(said["user_id"], time.time())

    def waits(self, since: float, until: float) -> list[float]:
        """How many seconds after its due time each nudge came, of those due in between; in order."""
        return sorted(
            self.seen[user] - due
            for user, due in self.due.items()
            if since <= due < until and user in self.seen
        )

    def unheard(self, until: float) -> list[str]:
        """Who was due before and has heard nothing."""
        return [user for user, due in self.due.items() if due < until and user not in self.seen]


def told(waits: list[float]) -> str:
    """The usual figures in a few words."""
    if not waits:
        return "nobody"
    return (
        f"{len(waits)} people waited {_share(waits, 0.5):.2f} s (p50), {_share(waits, 0.99):.2f} s (p99), "
        f"{waits[-1]:.2f} s (max)"
    )


def _share(waits: list[float], share: float) -> float:
    return waits[min(len(waits) - 1, int(len(waits) * share))]


@asynccontextmanager
async def probes(scene: Scene) -> AsyncIterator[Probes]:
    """Sent and watched until the end of the block."""
    them = Probes(scene)
    tasks = [asyncio.create_task(them.watch()), asyncio.create_task(them.send())]
    try:
        yield them
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
