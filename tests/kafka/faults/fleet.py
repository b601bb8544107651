"""Workers as pods: each slot has a state folder and a name of its own, and what ends by itself is started again."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.ports import LOOPBACK, free_port

COMMAND = Path(sys.executable).with_name("tactful")
LAUNCHER = "tests.kafka.faults.launcher"
READY_WITHIN_S = 180.0
"""Some 4 s on two idle cores; on busy ones a start alone may take half a minute."""
RESTART_AFTER_S = 0.5
"""A pod's first restart is quick; the back-off of later ones would only make a run long."""


@dataclass(slots=True, kw_only=True)
class Slot:
    """A place for a worker. `up` is what is wanted, `process` what there is."""

    number: int
    folder: Path
    port: int
    env: Mapping[str, str]
    up: bool = False
    process: asyncio.subprocess.Process | None = None
    lives: int = 0
    ended: list[int] = field(default_factory=list)
    """Exit codes of processes that ended though nobody had ended them from outside."""

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def state(self) -> Path:
        """Its volume: the local copies of the rows."""
        return self.folder / f"state-{self.number}"

    @property
    def log(self) -> Path:
        return self.folder / f"worker-{self.number}.log"

    @property
    def pid(self) -> int:
        assert self.process is not None, f"worker {self.number} does not run"
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    @property
    def stopped(self) -> bool:
        """Whether its process exists and is frozen."""
        if not self.running:
            return False
        status = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        return status.rpartition(")")[2].split()[0] == "T"


class Fleet:
    """The workers of one scene."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        """`env` holds what every worker is told, names in full."""
        self.folder = folder
        self.slots: dict[int, Slot] = {}
        self._env = {name: value for name, value in os.environ.items() if not name.startswith("TACTFUL_")}
        self._env |= env
        self._watching: dict[int, asyncio.Task[None]] = {}

    def slot(self, number: int) -> Slot:
        """The slot with this number, made when it is first asked for."""
        if number not in self.slots:
            port = free_port()
            own = {
                "TACTFUL_KAFKA__INSTANCE": f"worker-{number}",
                "TACTFUL_HTTP": f"{LOOPBACK}:{port}",
                "TACTFUL_STATE_DIR": str(self.folder / f"state-{number}"),
            }
            self.slots[number] = Slot(number=number, folder=self.folder, port=port, env=own)
        return self.slots[number]

    @property
    def ended(self) -> dict[int, list[int]]:
        """By slot the exit codes of workers that ended by themselves."""
        return {number: slot.ended for number, slot in self.slots.items() if slot.ended}

    # What can be done to a worker.

    async def start(
        self, number: int, *, once: Mapping[str, str] | None = None, entry: str | None = None
    ) -> Slot:
        """Begin a life in this slot; `once` holds for this life only, not for what the supervisor starts after it.

        With FAULT_ variables, or with an `entry`, the process is a Python module (the launcher by default) that
        does something to itself; else it is the installed command.
        """
        slot = self.slot(number)
        assert not slot.running, f"worker {number} runs already"
        slot.up = True
        await self._begin(slot, once or {}, entry)
        self._watching[number] = asyncio.create_task(self._supervise(slot), name=f"slot {number}")
        return slot

    async def _begin(self, slot: Slot, once: Mapping[str, str], entry: str | None) -> None:
        slot.lives += 1
        if entry is None and any(name.startswith("FAULT_") for name in (*self._env, *once)):
            entry = LAUNCHER
        command = [str(COMMAND)] if entry is None else [sys.executable, "-m", entry]
        with slot.log.open("ab") as log:
            slot.process = await asyncio.create_subprocess_exec(
                *command,
                "worker",
                "--json",
                env={**self._env, **slot.env, **once},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def _supervise(self, slot: Slot) -> None:
        """What Kubernetes does for a pod whose process ends."""
        while slot.process is not None:
            code = await slot.process.wait()
            if not self._is_wanted(slot):
                return
            slot.ended.append(code)
            await asyncio.sleep(RESTART_AFTER_S)
            if self._is_wanted(slot):
                await self._begin(slot, {}, None)

    @staticmethod
    def _is_wanted(slot: Slot) -> bool:
        return slot.up

    async def kill(self, number: int) -> None:
        """SIGKILL; nothing is started in its place."""
        await self._end(self.slots[number], signal.SIGKILL, 10)

    async def terminate(self, number: int, within_s: float = 40) -> int:
        """SIGTERM, as a rolling restart does; the exit code."""
        return await self._end(self.slots[number], signal.SIGTERM, within_s)

    async def _end(self, slot: Slot, how: signal.Signals, within_s: float) -> int:
        slot.up = False
        process = slot.process
        assert process is not None, f"worker {slot.number} does not run"
        with suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            async with asyncio.timeout(within_s):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            code = await process.wait()
        if (watching := self._watching.pop(slot.number, None)) is not None:
            await watching
        return code

    def freeze(self, number: int) -> None:
        """SIGSTOP: it holds what it holds, and does nothing."""
        os.kill(self.slots[number].pid, signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        """SIGCONT: it goes on where it stood, and does not know how long that was."""
        os.kill(self.slots[number].pid, signal.SIGCONT)

    def wipe(self, number: int) -> None:
        """Its volume is lost; only while it does not run."""
        assert not self.slots[number].running
        shutil.rmtree(self.slots[number].state, ignore_errors=True)

    def keep_copy(self, number: int) -> Path:
        """A copy of its volume as it is; only while it does not run."""
        assert not self.slots[number].running
        copy = self.folder / f"kept-{number}-{self.slots[number].lives}"
        shutil.copytree(self.slots[number].state, copy)
        return copy

    def put_back(self, number: int, copy: Path) -> None:
        """An old copy in place of its volume; only while it does not run."""
        self.wipe(number)
        shutil.copytree(copy, self.slots[number].state)

    async def close(self) -> None:
        """End all, frozen ones too."""
        for slot in self.slots.values():
            slot.up = False
            if slot.running:
                os.kill(slot.pid, signal.SIGKILL)
        await asyncio.gather(*self._watching.values())

    # What they say of themselves.

    async def page(self, number: int, path: str) -> tuple[int, str]:
        """Status and body of a page; 0 when nobody answers."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.get(f"{self.slots[number].url}{path}") as answer,
            ):
                return answer.status, await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return 0, ""

    async def partitions(self, number: int) -> set[int]:
        """Those that it has and works on; none while it is not ready."""
        status, said = await self.page(number, "/readyz")
        return {int(each) for each in _json(said).get("partitions", {})} if status == 200 else set()

    async def metric(self, number: int, name: str) -> float:
        """The sum of a metric over its labels; 0 when nobody answers."""
        _, said = await self.page(number, "/metrics")
        return sum(
            float(line.rpartition(" ")[2])
            for line in said.splitlines()
            if line.startswith((name + "{", name + " "))
        )

    async def all_ready(
        self, partitions: int, *, of: Iterable[int], within_s: float = READY_WITHIN_S
    ) -> None:
        """Wait until these workers are ready and have all partitions between them, each once and each worker some."""
        numbers = list(of)
        try:
            async with asyncio.timeout(within_s):
                while True:
                    shares = [await self.partitions(number) for number in numbers]
                    found = sorted(each for share in shares for each in share)
                    if all(shares) and found == list(range(partitions)):
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(
                f"workers {numbers} never had all partitions: {await self.told(numbers)}"
            ) from None

    async def told(self, numbers: Iterable[int]) -> str:
        """What they say about being ready, and the last of their logs."""
        lines = []
        for number in numbers:
            slot = self.slots[number]
            said = slot.log.read_text(errors="replace")[-1500:] if slot.log.exists() else ""
            lines.append(
                f"worker {number} (ended {slot.ended}): {await self.page(number, '/readyz')}\n{said}"
            )
        return "\n".join(lines)


def _json(text: str) -> dict[str, Any]:
    found = json.loads(text)
    return found if isinstance(found, dict) else {}
