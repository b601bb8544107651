"""Workers on a broker, a delivery service, a Prometheus that watches, and a model and a receiver to take away."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from app.model.script import Script
from app.model.server import ScriptedServer
from tests.facts.deliver.nudging import Receiver, receiver
from tests.kafka.deployment import Deployment
from tests.ports import free_port
from tests.prometheus import lives
from tests.prometheus.lives import Lives, utc
from tests.prometheus.server import Prometheus, scraping
from tests.worker.delivering import deliver
from tests.worker.process import Worker, until, worker

REACTIONS = (("nudge.opened", 0.4), ("nudge.replied", 0.2), ("nudge.dismissed", 0.15))
"""How many of those who are left do so, one after the other."""
AGENT = "tests.kafka.raising_agent:AGENT"


@dataclass
class Scene:
    """What plays in it, and since when."""

    topics: Deployment
    model: ScriptedServer
    workers: list[Worker]
    prometheus: Prometheus
    hook: Receiver
    lives: Lives = field(init=False)
    began: float = field(default_factory=lambda: utc().timestamp())

    def __post_init__(self) -> None:
        self.lives = Lives(self.topics.partitions)
        self._reacted = 0

    async def people(self, first: int, last: int) -> None:
        """Their lives begin."""
        now = utc()
        await self.topics.appender.append(
            [record for n in range(first, last) for record in self.lives.of(n, now)]
        )

    async def go_on(self, first: int, last: int) -> None:
        """Their lives go on."""
        now = utc()
        records = [record for n in range(first, last) for record in self.lives.after(n, now)]
        await self.topics.appender.append(records)

    async def react(self, chance: Callable[[], float]) -> None:
        """Of those who got a nudge since the last time, some open it, some reply and some wave it away."""
        told = {one.key: json.loads(one.body)["data"] for one in self.hook.came}
        taken, now, records = self.hook.taken[self._reacted :], utc(), []
        self._reacted += len(taken)
        for key in taken:
            kind = next((name for name, below in REACTIONS if chance() < below), None)
            if kind is not None and told[key]["kind"] == "nudge":
                records.append(self.lives.event(told[key]["user_id"], kind, now, nudge_id=key))
        await self.topics.appender.append(records)

    async def odd(self) -> None:
        """Somebody writes what nobody should."""
        await self.topics.appender.append(list(self.lives.odd(utc())))


@asynccontextmanager
async def scene(
    topics: Deployment, folder: Path, *, workers: int = 1, patient: bool = False
) -> AsyncIterator[Scene]:
    """At work, and scraped once."""
    policy = _policy(folder)
    connection = topics.kafka.connection
    env = {
        "LOG": f"kafka://{connection.bootstrap}",
        "TOPIC_PREFIX": connection.prefix,
        "GROUP": "watched",
        "AGENTS": AGENT,
        "POLICY": str(policy),
        "MODEL": "anthropic",
    }
    async with ScriptedServer(Script(lives.RULES)) as model:
        os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"] = model.url, "none"
        try:
            # Prometheus is there first: what a worker does when it begins is seen to begin.
            places = [f"127.0.0.1:{free_port()}" for _ in range(workers)]
            delivers = f"127.0.0.1:{free_port()}"
            async with (
                scraping(folder / "prometheus", *places, delivers, patient=patient) as prometheus,
                _workers(folder, places, env) as processes,
                receiver(lambda _: web.Response(status=200), utc) as hook,
                deliver(folder, hook.url, "--listen", delivers, **env),
            ):
                for one in processes:
                    await until(lambda one=one: one.heard("ready: "), said=one.said)  # type: ignore[misc]  # bound at once
                yield Scene(topics, model, processes, prometheus, hook)
        finally:
            del os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"]


def _policy(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    policy = folder / "lives.yaml"
    policy.write_text(lives.POLICY)
    return policy


@asynccontextmanager
async def _workers(folder: Path, places: Sequence[str], env: dict[str, str]) -> AsyncIterator[list[Worker]]:
    async with AsyncExitStack() as ending:
        processes = []
        for place in places:
            here = folder / place.partition(":")[2]
            mine = env | {"STATE_DIR": str(here / "state"), "HTTP": place}
            processes.append(await ending.enter_async_context(worker(here, **mine)))
        yield processes
