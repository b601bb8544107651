"""A real worker on a folder, served over real HTTP, in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp

from app.drivers.embedded import EmbeddedLog
from app.drivers.embedded_served import EmbeddedServed
from app.http.server import WorkerServer
from app.settings import Settings
from app.wiring import Wired, wired
from topics.record import Record

JSON = {"Content-Type": "application/json"}
CLOUDEVENT = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class House:
    """A worker, its server, and somebody who asks."""

    worker: Wired
    server: WorkerServer
    url: str
    session: aiohttp.ClientSession
    log: EmbeddedLog

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, None, headers)

    async def post(self, body: object, headers: Mapping[str, str] = JSON) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.ask("POST", "/events", data, headers)

    async def ask(self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]) -> Answer:
        # Without one of ours aiohttp adds a content type.
        skip = ["Content-Type"]
        async with self.session.request(
            method, f"{self.url}{path}", data=data and BytesIO(data), headers=headers, skip_auto_headers=skip
        ) as got:
            text = await got.text()
            body = json.loads(text) if got.content_type == "application/json" else text
            return Answer(got.status, body, got.headers)

    async def ready(self) -> None:
        while self.worker.served.unready():  # noqa: ASYNC110 - it is asked, as an orchestrator asks
            await asyncio.sleep(0.005)

    async def decided(self) -> None:
        """All that stands in the log is durable."""
        while not self.worker.served.done(0, self.log.end() - 1):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.005)

    def records(self, topic: str = "user-events") -> list[Record]:
        return list(self.log.read_topic(topic))


def settings(folder: Path, **more: Any) -> Settings:
    """A worker on this folder, on a free port, with nobody to ask."""
    values: dict[str, Any] = {"log": f"embedded:{folder}", "model": "none", "http": {"listen": "127.0.0.1:0"}}
    merged = values | more
    merged["model"] = {"backend": merged["model"]}
    return Settings(**merged)


@asynccontextmanager
async def at_home(folder: Path, *, at_work: bool = True, **more: Any) -> AsyncIterator[House]:
    """A worker, at work unless the story says otherwise."""
    async with wired(settings(folder, **more)) as worker, aiohttp.ClientSession() as session:
        assert isinstance(worker.served, EmbeddedServed)
        server = WorkerServer(worker)
        house = House(worker, server, await server.start(), session, worker.served.log)
        running = asyncio.create_task(worker.served.run()) if at_work else None
        try:
            if running is not None:
                await house.ready()
            yield house
        finally:
            await server.stop()
            if running is not None:
                await worker.served.drain(5)
                await running


def event(event_type: str = "app.opened", user: str | None = "ana", **more: Any) -> dict[str, Any]:
    """An event in the plain form; `data` and `id` as given."""
    made = {"id": "1", "source": "tests", "type": event_type, "data": {}} | more
    return made if user is None else {"user_id": user} | made


def cloudevent(event_type: str = "app.opened", user: str = "ana", **more: Any) -> dict[str, Any]:
    """The same as a CloudEvent."""
    return {"specversion": "1.0", "userid": user} | event(event_type, None, **more)
