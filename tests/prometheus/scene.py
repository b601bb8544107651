"""A worker on a broker that lives through much, a Prometheus that watches it, and a model that can be taken away."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.model.script import Script
from app.model.server import ScriptedServer
from tests.kafka.deployment import Deployment
from tests.prometheus import lives
from tests.prometheus.lives import Lives, utc
from tests.prometheus.server import Prometheus, free_port, scraping
from tests.worker.process import Worker, until, worker

AGENT = "tests.kafka.raising_agent:AGENT"


@dataclass
class Scene:
    """What plays in it, and since when."""

    topics: Deployment
    model: ScriptedServer
    workers: list[Worker]
    prometheus: Prometheus
    lives: Lives = field(init=False)
    began: float = field(default_factory=lambda: utc().timestamp())

    def __post_init__(self) -> None:
        self.lives = Lives(self.topics.partitions)

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
            async with (
                scraping(folder / "prometheus", *places, patient=patient) as prometheus,
                _workers(folder, places, env) as processes,
            ):
                for one in processes:
                    await until(lambda one=one: one.heard("ready: "), said=one.said)  # type: ignore[misc]  # bound at once
                yield Scene(topics, model, processes, prometheus)
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
