"""A rollout as Kubernetes does it: workers are replaced one after the other, by name and volume, under load.

`python -m tests.upgrade.rollout --old TREE` takes a real deployment from an older version to this one and back again:
TREE is a checkout of the older one, made by `git worktree add TREE COMMIT`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from app.drivers.kafka_client import Connection
from tests.kafka.broker import broker
from tests.kafka.deployment import Deployment, deployed
from tests.worker.process import COMMAND, Service, Worker, asked, worker_of

WORKERS = 2
SESSION = "120s"
"""A worker that is back within it is the member that it was. The chart's is shorter: there a start takes some
seconds, and beside other tests it has taken 20."""
ALL_AT_WORK_S = 180.0


@dataclass
class Replaced:
    """How one worker was replaced."""

    number: int
    by: str
    away_s: float
    """From the signal until its partitions were at work again."""
    exit_code: int
    before: frozenset[int]
    after: frozenset[int]
    elsewhere: list[frozenset[int]] = field(default_factory=list)
    """What the other worker held meanwhile, each time that it held something else than before."""


@dataclass
class Slot:
    """A pod's name and volume, and the worker that runs there now."""

    number: int
    life: AsyncExitStack
    worker: Worker


class Rollout:
    """Two workers on one deployment, and people whose lives go on while they are replaced."""

    def __init__(self, topics: Deployment, folder: Path, session: aiohttp.ClientSession) -> None:
        self._topics = topics
        self._folder = folder
        self._session = session
        self._slots: dict[int, Slot] = {}
        self._receiver = 0
        self._living = True
        self.people = 0

    @asynccontextmanager
    async def running(self, tree: Path | None) -> AsyncIterator[None]:
        """All workers at work, and people living; in the end everybody's life is lived to its end."""
        try:
            for number in range(WORKERS):
                self._slots[number] = await self._begun(number, tree)
            await self._all_at_work()
            living = asyncio.create_task(self._live())
            yield
            self._living = False
            await living
            await self._everybody_nudged()
            for slot in self._slots.values():
                await slot.worker.ended_well()
        finally:
            for slot in self._slots.values():
                await slot.life.aclose()

    async def replace(self, number: int, tree: Path | None) -> Replaced:
        """End one worker as a pod is ended, and begin another in its place."""
        (other,) = (slot for slot in self._slots.values() if slot.number != number)
        self._receiver = other.number
        slot = self._slots[number]
        before, kept = await self._held(slot), await self._held(other)
        begun = time.monotonic()
        said = Replaced(number, "this version" if tree is None else tree.name, 0.0, 0, before, before)
        watching = asyncio.create_task(self._watch(other, kept, said))
        said.exit_code = await slot.worker.end()
        await slot.life.aclose()
        self._slots[number] = await self._begun(number, tree)
        await self._all_at_work()
        said.away_s = time.monotonic() - begun
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        said.after = await self._held(self._slots[number])
        return said

    def verified(self) -> subprocess.CompletedProcess[str]:
        """What the verifier says of all that stands in the topics."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("TACTFUL_")}
        return subprocess.run(
            [str(COMMAND), "verify", "--expect-idle"],
            env=ours | {f"TACTFUL_{name}": value for name, value in self._where().items()},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _where(self) -> dict[str, str]:
        at = self._topics.kafka.connection
        return {"LOG": f"kafka://{at.bootstrap}", "TOPIC_PREFIX": at.prefix, "GROUP": f"{at.prefix}rollout"}

    async def _begun(self, number: int, tree: Path | None) -> Slot:
        life = AsyncExitStack()
        folder = self._folder / f"worker-{number}"
        member = {"KAFKA__INSTANCE": folder.name, "KAFKA__SESSION_TIMEOUT": SESSION}
        return Slot(
            number, life, await life.enter_async_context(worker_of(tree, folder, **self._where(), **member))
        )

    async def _live(self) -> None:
        service = Service(self._session, lambda: self._slots[self._receiver].worker.url)
        for n in itertools.count():
            if not self._living:
                break
            await service.live([n])
            self.people = n + 1

    async def _held(self, slot: Slot) -> frozenset[int]:
        """Partitions that are a worker's own and at work; none while it is not ready."""
        status, page = await asked(self._session, f"{slot.worker.url}/readyz")
        return frozenset(int(number) for number in page["partitions"]) if status == 200 else frozenset()

    async def _watch(self, other: Slot, kept: frozenset[int], said: Replaced) -> None:
        while True:
            held = await self._held(other)
            if held != kept:
                said.elsewhere.append(held)
            await asyncio.sleep(0.1)

    async def _all_at_work(self) -> None:
        async with asyncio.timeout(ALL_AT_WORK_S):
            while True:
                held = [await self._held(slot) for slot in self._slots.values()]
                if all(held) and sorted(n for one in held for n in one) == list(
                    range(self._topics.partitions)
                ):
                    return
                await asyncio.sleep(0.05)

    async def _everybody_nudged(self) -> None:
        try:
            async with asyncio.timeout(ALL_AT_WORK_S):
                while await self._not_nudged():  # noqa: ASYNC110 - read as a delivery service reads
                    await asyncio.sleep(0.5)
        except TimeoutError:
            missing = await self._not_nudged()
            outcomes = [
                one.value for one in await self._topics.records("nudge-outcome") if one.key in missing
            ]
            said = self.verified()
            message = (
                f"no nudge for {sorted(missing)}; outcomes: {outcomes}; verify: {said.stdout}{said.stderr}"
            )
            raise AssertionError(message) from None

    async def _not_nudged(self) -> set[bytes]:
        everybody = {f"person-{n}".encode() for n in range(self.people)}
        return everybody - {record.key for record in await self._topics.records("nudges")}


async def rolled_out(
    topics: Deployment, folder: Path, versions: Sequence[Path | None]
) -> tuple[list[Replaced], int, subprocess.CompletedProcess[str]]:
    """Begin with the first version and take both workers to each of the next; what the verifier says in the end."""
    async with aiohttp.ClientSession() as session:
        rollout = Rollout(topics, folder, session)
        async with rollout.running(versions[0]):
            replaced = [
                await rollout.replace(number, tree) for tree in versions[1:] for number in range(WORKERS)
            ]
        return replaced, rollout.people, await asyncio.to_thread(rollout.verified)


async def _there_and_back(address: str, old: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        async with deployed(Connection(bootstrap=address)) as topics:
            replaced, people, verified = await rolled_out(topics, Path(folder), [old, None, old, None])
    for one in replaced:
        print(
            f"worker-{one.number} by {one.by}: away {one.away_s:.1f} s, exit {one.exit_code}, "
            f"partitions {sorted(one.before)} -> {sorted(one.after)}, elsewhere moved {len(one.elsewhere)} times"
        )
    print(
        f"{people} people, a nudge each; verify: exit {verified.returncode}\n{verified.stdout}{verified.stderr}"
    )
    return verified.returncode


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade.rollout", description=__doc__)
    parser.add_argument("--old", type=Path, required=True, metavar="TREE", help="a checkout of the older one")
    old = parser.parse_args().old.resolve()
    with broker(os.environ.get("TACTFUL_TEST_KAFKA", "auto")) as address:
        raise SystemExit(asyncio.run(_there_and_back(address, old)))


if __name__ == "__main__":
    main()
