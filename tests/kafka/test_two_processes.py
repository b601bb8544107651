"""Two `tactful worker` processes on one deployment: they share its partitions, and each outlives the other."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path

import aiohttp
import msgspec
import pytest

from app.core.head import HEAD_KEY
from app.core.row import decode
from app.policy_file import read_policy
from app.scenario.checked_always import broken
from app.scenario.ending import Ending, body, said
from app.scenario.world import open_in
from tests.kafka.deployment import PARTITIONS, Deployment
from tests.worker.process import POLICY, Service, Worker, asked, worker
from topics.murmur2 import partition_of

PEOPLE = 60


@pytest.mark.slow
async def test_workers_come_and_go_and_every_event_has_its_effect_once(
    topics: Deployment, tmp_path: Path
) -> None:
    """One is drained and one is killed under load: everybody gets one nudge, and the ledger balances."""
    connection = topics.kafka.connection
    env = {
        "LOG": f"kafka://{connection.bootstrap}",
        "TOPIC_PREFIX": connection.prefix,
        "GROUP": "shared",
        "KAFKA__SESSION_TIMEOUT": "5s",  # who is killed is waited for so long
    }
    async with aiohttp.ClientSession() as session, worker(tmp_path / "one", **env) as one:
        here = [one]
        service = Service(session, lambda: here[-1].url)
        async with worker(tmp_path / "two", **env) as two:
            shares = await _shared_out(session, one, two)
            living = asyncio.create_task(service.live(range(PEOPLE)))
            await _elsewhere(session, one, shares[0])
            await _nudged(topics, 5)
            here.append(two)
            assert (await one.end(), one.heard("ended")) == (0, "ended")
            async with worker(tmp_path / "one", **env) as three:
                await _shared_out(session, two, three)
                here.append(three)
                await _nudged(topics, 15)
                await two.end(signal.SIGKILL)
                await living
                await _nudged(topics, PEOPLE)
                await _shared_out(session, three)
                await three.ended_well()
    ending = await _read(topics)
    assert broken(ending, read_policy(POLICY)) == []
    assert Counter(nudge["user_id"] for nudge in ending.nudges) == {f"person-{n}": 1 for n in range(PEOPLE)}


async def _partitions(session: aiohttp.ClientSession, one: Worker) -> set[int]:
    """Those that are its own and at work; none while it is not ready."""
    status, page = await asked(session, f"{one.url}/readyz")
    return {int(number) for number in page["partitions"]} if status == 200 else set()


async def _shared_out(session: aiohttp.ClientSession, *workers: Worker) -> list[set[int]]:
    """Wait until each has some of the partitions, and all together have all of them."""
    async with asyncio.timeout(60):
        while True:
            shares = [await _partitions(session, one) for one in workers]
            if all(shares) and sorted(number for share in shares for number in share) == list(
                range(PARTITIONS)
            ):
                return shares
            await asyncio.sleep(0.05)


async def _elsewhere(session: aiohttp.ClientSession, one: Worker, share: set[int]) -> None:
    """Who holds a person says what is known; the others say that it is not they."""
    strange = min(set(range(PARTITIONS)) - share)
    user = next(
        user for user in (f"somebody-{n}" for n in range(99)) if partition_of(user.encode(), 3) == strange
    )
    status, said_so = await asked(session, f"{one.url}/people/{user}")
    assert status == 421, said_so
    assert f"partition {strange}" in said_so["error"]


async def _nudged(topics: Deployment, count: int) -> None:
    async with asyncio.timeout(90):
        while len(await topics.records("nudges")) < count:  # noqa: ASYNC110 - read as a delivery service reads
            await asyncio.sleep(0.2)


async def _read(topics: Deployment) -> Ending:
    """All that a reader of committed records sees."""
    nudges = await topics.records("nudges")
    rows = {record.key: record.value for record in await topics.records("nudge-state")}
    people = [decode(row) for key, row in rows.items() if row is not None and key != HEAD_KEY.encode()]
    return Ending(
        nudges=said(nudges, "nudge"),
        recalls=said(nudges, "recall"),
        outcomes=[body(record) for record in await topics.records("nudge-outcome")],
        passes=[body(record) for record in await topics.records("nudge-pass")],
        open=[msgspec.to_builtins(one) for one in open_in(people)],
        events=await topics.records("user-events"),
        dead_letters=await topics.records("dead-letter"),
    )
