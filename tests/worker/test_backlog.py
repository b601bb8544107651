"""What waits for a model that is silent is bounded: by the bytes of its events, and so by the memory of the process."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from app.core.backlog import UNDECIDED_BYTES
from app.core.row import decode
from app.drivers.embedded import BYTES_AT_ONCE, EmbeddedLog
from app.model.server import ScriptedServer
from tests.worker.process import Worker, asked, until, worker

PEOPLE = 1_500
TEXT = 130_000
"""Characters in each message; what else an event has is less than ENVELOPE."""
ENVELOPE = 1_000
AT_ONCE = 20
"""Events in one request: below the 4 MB of a body."""
WITHIN_S = 240.0
SLOTS = 16
RESIDENT_MB = 400
"""Of the whole process: 125 before the first event, 310 while 67 MB wait (as they came, and understood), and 335 while
they are decided; as much with twice as many events."""
POLICY = "reading: {when: each}\nbudget: {calls_per_minute: 100000}\nactive_within: 0s\n"
_GAUGE = re.compile(r'^tactful_(undecided|lag)_events\{partition="0"\} (\S+)$', re.MULTILINE)


class Silent(ScriptedServer):
    """A model that takes every question and answers none before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()
        self.asked_about: set[str] = set()

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        self.asked_about.add((await request.json())["metadata"]["user_id"])
        await self.may_answer.wait()
        return await super()._messages(request)


@dataclass
class Watched:
    """What the worker said of itself at each look, and how much memory it had."""

    undecided: list[int] = field(default_factory=list)
    lag: list[int] = field(default_factory=list)
    pages: set[tuple[str, int]] = field(default_factory=set)
    resident_mb: list[float] = field(default_factory=list)

    async def look(self, session: aiohttp.ClientSession, one: Worker) -> None:
        """Once."""
        for page in ("healthz", "readyz"):
            self.pages.add((page, (await asked(session, f"{one.url}/{page}"))[0]))
        async with session.get(f"{one.url}/metrics") as answer:
            found = dict(_GAUGE.findall(await answer.text()))
        self.undecided.append(int(float(found["undecided"])))
        self.lag.append(int(float(found["lag"])))
        self.resident_mb.append(_resident_mb(one.process.pid))

    @asynccontextmanager
    async def watching(self, session: aiohttp.ClientSession, one: Worker) -> AsyncIterator[None]:
        """Look again and again, until the block ends; a look that failed fails it."""

        async def go_on() -> None:
            while True:
                await self.look(session, one)
                await asyncio.sleep(0.1)

        looking = asyncio.create_task(go_on())
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _event(n: int, kind: str, data: object) -> dict[str, object]:
    names = {"specversion": "1.0", "id": f"{n}-{kind}", "source": "tests", "type": kind}
    return names | {"userid": f"person-{n}", "data": data}


async def _send(session: aiohttp.ClientSession, one: Worker, events: list[dict[str, object]]) -> None:
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    async with session.post(
        f"{one.url}/events", data=BytesIO(json.dumps(events).encode()), headers=headers
    ) as answer:
        assert answer.status == 202, await answer.text()


async def _write_much(session: aiohttp.ClientSession, one: Worker) -> None:
    """A message of every person, as fast as they are taken; no two have a word in common to compress."""
    for first in range(0, PEOPLE, AT_ONCE):
        events = []
        for n in range(first, min(first + AT_ONCE, PEOPLE)):
            text = base64.b64encode(random.Random(n).randbytes(TEXT * 3 // 4)).decode()
            events.append(_event(n, "message.received", {"text": text}))
        await _send(session, one, events)


@pytest.mark.slow
async def test_a_silent_model_and_large_events_meet_the_bound_in_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 195 MB some 65 are taken from the log, it stays alive and ready, and all is decided once it is answered."""
    (tmp_path / "each.yaml").write_text(POLICY)
    env = {
        "LOG": f"embedded:{tmp_path / 'log'}",
        "POLICY": str(tmp_path / "each.yaml"),
        "MODEL": "anthropic",
        "MODEL__LIMIT": "55s",
    }
    seen = Watched()
    async with Silent() as model:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", model.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
        async with (
            asyncio.timeout(WITHIN_S),
            worker(tmp_path, **env) as one,
            aiohttp.ClientSession() as session,
        ):
            await until(lambda: one.heard("ready: "), said=one.said)
            await _send(
                session,
                one,
                [_event(n, "consent.changed", {"agent": "*", "granted": True}) for n in range(PEOPLE)],
            )
            await seen.look(session, one)
            async with seen.watching(session, one):
                await _write_much(session, one)
                while seen.lag[-1] < PEOPLE:  # noqa: ASYNC110 - it is looked at
                    await asyncio.sleep(0.1)
                await asyncio.sleep(2)
                assert len(model.asked_about) == SLOTS
                model.may_answer.set()
                while seen.lag[-1]:  # noqa: ASYNC110 - it is looked at
                    await asyncio.sleep(0.1)
            await one.ended_well()
    assert seen.pages == {("healthz", 200), ("readyz", 200)}
    assert max(seen.undecided) >= UNDECIDED_BYTES / (TEXT + ENVELOPE)
    assert max(seen.undecided) <= (UNDECIDED_BYTES + BYTES_AT_ONCE) / TEXT + 1
    assert max(seen.lag) >= PEOPLE
    assert max(seen.resident_mb) < RESIDENT_MB
    assert len(model.asked_about) == PEOPLE
    with closing(EmbeddedLog(tmp_path / "log")) as log:
        assert (log.head().next, log.head().unfinished) == (log.end(), ())
        assert [user for user, row in log.rows() if decode(row).unread] == []
        assert list(log.read_topic("dead-letter")) == []
