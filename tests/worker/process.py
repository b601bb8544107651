"""One `tactful worker` as an operator starts it, and services that send events until they are taken."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

COMMAND = Path(sys.executable).with_name("tactful")
RUN = "from app.cli.main import run; run()"
"""With `-c` the folder in which it is run comes first of all places that modules are looked for."""
STARTED_WITHIN_S = 60.0
"""Some 3 s on a machine of its own; tests share theirs."""
POLICY = (
    'quiet_hours: {start: "00:00", end: "00:00"}\nactive_within: 0s\nsettle: {quiet: 100ms}\nmin_gap: 1h\n'
)
_numbers = itertools.count()

LAST_WORDS = 3_000
"""Characters of what a worker said that a failure shows."""


@dataclass(slots=True)
class Worker:
    """A process, and where it listens."""

    process: asyncio.subprocess.Process
    said: Path
    url: str = ""

    @property
    def lines(self) -> list[dict[str, str]]:
        """What it has said so far as JSON: not its last words, nor a line that is being written."""
        said = self.said.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in said if line.startswith("{") and line.endswith("\n")]

    def heard(self, beginning: str) -> str | None:
        """The first message that begins so."""
        return next((line["msg"] for line in self.lines if line["msg"].startswith(beginning)), None)

    async def end(self, which: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and wait; the exit code."""
        self.process.send_signal(which)
        return await self.process.wait()

    async def ended_well(self) -> None:
        """Ask it to end and see that it drained; its last words otherwise."""
        code = await self.end()
        assert code == 0, f"it ended with {code}:\n{self.said.read_text()[-LAST_WORDS:]}"


def worker(folder: Path, **env: str) -> AbstractAsyncContextManager[Worker]:
    """A worker with these variables, once it listens; killed in the end if it has not ended."""
    return _running(folder, "worker", {"MODEL": "scripted", "HTTP": "127.0.0.1:0"} | env)


def worker_of(tree: Path | None, folder: Path, **env: str) -> AbstractAsyncContextManager[Worker]:
    """The same by the code of another checkout."""
    return _running(folder, "worker", {"MODEL": "scripted", "HTTP": "127.0.0.1:0"} | env, tree=tree)


def console(folder: Path, **env: str) -> AbstractAsyncContextManager[Worker]:
    """As `worker`, a console: its `url` is where its pages are."""
    return _running(folder, "console", {"CONSOLE": "127.0.0.1:0"} | env)


@asynccontextmanager
async def _running(
    folder: Path, command: str, env: Mapping[str, str], *, tree: Path | None = None
) -> AsyncIterator[Worker]:
    policy, said = _prepared(folder)
    mine = {name: value for name, value in os.environ.items() if not name.startswith("TACTFUL_")}
    given = {"POLICY": str(policy), "STATE_DIR": str(folder / "state"), **env}
    with said.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *((str(COMMAND),) if tree is None else (sys.executable, "-c", RUN)),
            command,
            "--json",
            cwd=tree,
            env=mine | {f"TACTFUL_{name}": value for name, value in given.items()},
            stderr=stderr,
        )
    made = Worker(process, said)
    async with killed_at_last(process):
        await until(lambda: made.heard("listening at ") or process.returncode is not None, said=said)
        made.url = (made.heard("listening at ") or "").removeprefix("listening at ")
        yield made


@asynccontextmanager
async def killed_at_last(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """The process has ended when this ends: it is killed if it has not by itself."""
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _prepared(folder: Path) -> tuple[Path, Path]:
    """The policy's file, and one for what the worker says."""
    folder.mkdir(parents=True, exist_ok=True)
    policy = folder / "policy.yaml"
    policy.write_text(POLICY)
    return policy, folder / f"stderr-{next(_numbers)}"


async def until(
    so: Callable[[], object], *, said: Path | None = None, within_s: float = STARTED_WITHIN_S
) -> None:
    """Wait until it is so; what the worker said is the reason when it never is."""
    try:
        async with asyncio.timeout(within_s):
            while not so():  # noqa: ASYNC110 - another process gives no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(_told(said)) from None


def _told(said: Path | None) -> str:
    return "it never was so" if said is None else said.read_text()


def life(n: int, now: datetime) -> Sequence[dict[str, Any]]:
    """What happens to one person: a consent, words, and a plan that is due within a second or two."""
    due = now + timedelta(seconds=0.5 + n % 10 / 10)
    kinds: Mapping[str, dict[str, Any]] = {
        "consent.changed": {"agent": "*", "granted": True},
        "message.received": {"text": "the thesis is going slowly"},
        "conversation.ended": {},
        "intent.requested": {"agent": "follow_up", "subject": f"matter {n}", "due_at": due.isoformat()},
    }
    return [
        {"id": f"{n}-{kind}", "source": "tests", "type": kind, "user_id": f"person-{n}", "data": data}
        for kind, data in kinds.items()
    ]


class Service:
    """Sends people's lives to whichever worker there is, each event until it is taken."""

    def __init__(self, session: aiohttp.ClientSession, url: Callable[[], str]) -> None:
        self._session = session
        self._url = url
        self.again = 0
        """How often an event was sent once more because nobody said that it was taken."""

    async def live(self, people: Sequence[int]) -> None:
        """One after the other, as a service with one connection does."""
        for n in people:
            for event in life(n, datetime.now(UTC)):
                await self._send(event)

    async def _send(self, event: Mapping[str, Any]) -> None:
        while True:
            try:
                async with self._session.post(f"{self._url()}/events", json=event) as answer:
                    if answer.status == 202:
                        return
                    assert answer.status == 503, await answer.text()
            except aiohttp.ClientError:
                pass
            self.again += 1
            await asyncio.sleep(0.05)


async def asked(session: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    """Status and body of a page in JSON; 0 when nobody answers."""
    try:
        async with session.get(url) as answer:
            return answer.status, await answer.json()
    except aiohttp.ClientError:
        return 0, None
