"""Whatever dies, every plan is open or has one outcome, and no nudge is seen twice."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from app.core.head import HEAD_KEY
from app.core.row import decode
from app.drivers.kafka_reader import reader
from app.drivers.kafka_takeover import decoded
from tests.facts.drivers.kill_me import REQUESTS, life
from tests.kafka.deployment import PARTITIONS, Deployment
from tests.worker.process import killed_at_last
from topics.outcomes import Outcome

PEOPLE = 200
KILLS = 3
DECIDED_WITHIN_S = 60.0


@asynccontextmanager
async def victim(topics: Deployment, folder: Path) -> AsyncIterator[Process]:
    """A worker's process, killed in the end if it has not ended."""
    connection = topics.kafka.connection
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.kafka.kill_me",
        connection.bootstrap,
        connection.prefix,
        str(folder),
        stdout=PIPE,
    )
    async with killed_at_last(process):
        yield process


async def up(process: Process) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert await process.stdout.readline() == b"up\n"


@pytest.mark.slow
async def test_two_workers_outlive_kill_minus_nine(topics: Deployment, tmp_path: Path) -> None:
    """Killed at random moments under load, the ledger balances and everything that was read is done."""
    rng = random.Random(7)
    living = asyncio.create_task(_live(topics))
    folders = [tmp_path / "one", tmp_path / "two"]
    async with victim(topics, folders[1]) as steady:
        for _ in range(KILLS):
            async with victim(topics, folders[0]) as process:
                await up(process)
                await asyncio.sleep(rng.uniform(0, 1))
                process.send_signal(signal.SIGKILL)
        async with victim(topics, folders[0]) as last:
            await up(last)
            steady.send_signal(signal.SIGKILL)
            await living
            await _all_is_done(topics)
            last.send_signal(signal.SIGTERM)
            async with asyncio.timeout(15):
                assert await last.wait() == 0
    await _check(topics)


async def _live(topics: Deployment) -> None:
    for n in range(PEOPLE):
        await topics.appender.append(life(n, datetime.now(UTC)))
        await asyncio.sleep(0.01)


async def _all_is_done(topics: Deployment) -> None:
    """Every partition's own row says that all up to the end of its input is done."""
    places = [topics.kafka.place("user-events", number) for number in range(PARTITIONS)]
    async with asyncio.timeout(DECIDED_WITHIN_S), reader(topics.kafka, committed=False) as one:
        while True:
            heads = {
                record.partition: decoded(record.value or b"")
                for record in await topics.records("nudge-state")
                if record.key == HEAD_KEY.encode()
            }
            ends = await one.ends(places)
            # A transaction's marker, and nothing else, may stand behind what is done.
            if all(
                place.partition in heads
                and not heads[place.partition].unfinished
                and heads[place.partition].next >= end - 1
                for place, end in ends.items()
            ):
                return
            await asyncio.sleep(0.2)


async def _check(topics: Deployment) -> None:
    outcomes = [
        msgspec.json.decode(record.value or b"", type=Outcome)
        for record in await topics.records("nudge-outcome")
    ]
    nudges = [msgspec.json.decode(record.value or b"") for record in await topics.records("nudges")]
    rows = {record.key: record.value for record in await topics.records("nudge-state")}
    plans = [
        plan
        for key, row in rows.items()
        if row is not None and key != HEAD_KEY.encode()
        for plan in decode(row).intents.values()
    ]
    opened = Counter(plan.opened_by.event_id for plan in plans)
    opened.update(outcome.opened_by.event_id for outcome in outcomes)
    asked = {f"test/{n}-{10 + k}" for n in range(PEOPLE) for k in range(REQUESTS)}
    assert {event_id: opened[event_id] for event_id in asked} == dict.fromkeys(asked, 1)
    sent = Counter(nudge["nudge_id"] for nudge in nudges if nudge["kind"] == "nudge")
    assert set(sent.values()) == {1}
    assert sum(outcome.outcome == "nudged" for outcome in outcomes) == len(sent)
    assert await topics.records("dead-letter") == []
