"""A partition that cannot be served is given up alone: the worker says so, and its other partitions go on."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiokafka.admin import NewPartitions

from app.core.defects import DEFECTS_A_MINUTE
from tests.kafka.deployment import Deployment
from tests.worker.process import asked, worker
from topics.record import NewRecord

WITHIN_S = 60.0
AGENT = "tests.kafka.raising_agent:AGENT"


def _event(user: str, number: object, kind: str, data: object) -> NewRecord:
    body = {"id": str(number), "source": "tests", "type": kind, "user_id": user, "data": data}
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    return NewRecord("user-events", user.encode(), json.dumps(body).encode(), now_ms)


def _life(user: str) -> list[NewRecord]:
    request = {"agent": "follow_up", "subject": "the harvest", "due_at": datetime.now(UTC).isoformat()}
    return [
        _event(user, 1, "consent.changed", {"agent": "*", "granted": True}),
        _event(user, 2, "intent.requested", request),
    ]


def _env(topics: Deployment, group: str) -> dict[str, str]:
    connection = topics.kafka.connection
    return {
        "LOG": f"kafka://{connection.bootstrap}",
        "TOPIC_PREFIX": connection.prefix,
        "GROUP": group,
        "AGENTS": AGENT,
    }


async def _unready(session: aiohttp.ClientSession, url: str, *wanted: str) -> list[str]:
    """The reasons, once each of these is among them."""
    while True:
        _, body = await asked(session, f"{url}/readyz")
        reasons: list[str] = [] if body is None else body["reasons"]
        if all(any(want in reason for reason in reasons) for want in wanted):
            return reasons
        await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_what_only_another_version_can_mend_stops_alone(topics: Deployment, tmp_path: Path) -> None:
    """A newer row in one partition, an agent that always raises in another: the third one's person is served."""
    newer, broken, served = (topics.person_in(number) for number in range(3))
    row = NewRecord("nudge-state", newer.encode(), b"\xff", 0, partition=0)
    defects = [_event(broken, n, "trap.sprung", {}) for n in range(2 * DEFECTS_A_MINUTE)]
    consent = _event(broken, "consent", "consent.changed", {"agent": "*", "granted": True})
    await topics.appender.append([row, consent, *defects, *_life(served)])
    async with (
        worker(tmp_path, **_env(topics, "given-up")) as one,
        aiohttp.ClientSession() as session,
        asyncio.timeout(WITHIN_S),
    ):
        reasons = await _unready(session, one.url, "partition 0: stopped", "partition 1: stopped")
        assert any("run the newer version" in reason for reason in reasons)
        assert any("roll the last release" in reason for reason in reasons)
        while not await topics.records("nudges"):  # noqa: ASYNC110 - read as a service reads
            await asyncio.sleep(0.1)
        assert (await asked(session, f"{one.url}/healthz"))[0] == 200
        letters = len(await topics.records("dead-letter"))
        assert letters <= DEFECTS_A_MINUTE
        await asyncio.sleep(6)  # longer than the first pauses after a doubt, and than the watch's look
        async with session.get(f"{one.url}/metrics") as answer:
            page = await answer.text()
        assert "\ntactful_partitions_owned 1.0\n" in page
        assert '\ntactful_partitions_unserved{state="stopped"} 2.0\n' in page
        assert len(await topics.records("dead-letter")) == letters
        await one.ended_well()
    (nudge,) = await topics.records("nudges")
    assert nudge.key == served.encode()


@pytest.mark.slow
async def test_a_partition_that_was_added_is_refused_and_the_others_go_on(
    topics: Deployment, tmp_path: Path
) -> None:
    """People would be in other partitions than their rows: the new one is not read, and the reason says what to do."""
    async with (
        worker(tmp_path, **_env(topics, "grown")) as one,
        aiohttp.ClientSession() as session,
        asyncio.timeout(2 * WITHIN_S),
    ):
        while (await asked(session, f"{one.url}/readyz"))[0] != 200:  # noqa: ASYNC110 - asked as an orchestrator asks
            await asyncio.sleep(0.1)
        admin = topics.kafka.admin()
        await admin.start()
        name = topics.kafka.place("user-events", 0).topic
        await admin.create_partitions({name: NewPartitions(topics.partitions + 1)})
        await admin.close()
        await topics.appender.append(
            [NewRecord("user-events", b"ana", b"{}", 0, partition=topics.partitions)]
        )
        reasons = await _unready(session, one.url, f"partition {topics.partitions}: refused")
        assert any("was written for 3 partitions, and there are 4 now" in reason for reason in reasons)
        at_home = [msgspec.structs.replace(one, partition=0) for one in _life(topics.person_in(0))]
        await topics.appender.append(at_home)
        while not await topics.records("nudges"):  # noqa: ASYNC110 - read as a service reads
            await asyncio.sleep(0.1)
        assert (await asked(session, f"{one.url}/healthz"))[0] == 200
        assert await topics.records("dead-letter") == []
        await one.end()
    async with worker(tmp_path, **_env(topics, "grown")) as again, asyncio.timeout(WITHIN_S):
        assert await again.process.wait() == 1
        said = again.said.read_text()
    assert "partitions" in said.splitlines()[-1]
    assert "TACTFUL_TOPIC_PREFIX" in said or "tactful topics" in said
