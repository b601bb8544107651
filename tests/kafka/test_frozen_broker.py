"""A broker that is there and does not answer: `/readyz` says so, `/healthz` does not, and a drain says what it left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from app.drivers import kafka_topics
from app.drivers.kafka_client import KafkaError
from tests.kafka.deployment import Deployment, deployment
from tests.kafka.local import LocalKafka, NoBrokerError
from tests.worker.process import asked, worker
from topics.record import NewRecord
from topics.user_events import USER_EVENTS

WITHIN_S = 120.0
DUE_AFTER_S = 8.0
"""Later than the plan is committed, and before a frozen broker is noticed: after 10 s at the earliest."""


def _due(user: str, after_s: float) -> list[NewRecord]:
    """A plan that is due then, so that there is something to commit."""
    now = datetime.now(UTC)
    due_at = (now + timedelta(seconds=after_s)).isoformat()
    said = [
        ("consent.changed", {"agent": "*", "granted": True}),
        ("intent.requested", {"agent": "follow_up", "subject": f"the harvest {after_s}", "due_at": due_at}),
    ]
    return [
        NewRecord(USER_EVENTS.name, user.encode(), _body(user, f"{kind} {due_at}", kind, data), _ms(now))
        for kind, data in said
    ]


def _body(user: str, number: str, kind: str, data: object) -> bytes:
    return json.dumps({"id": number, "source": "tests", "type": kind, "user_id": user, "data": data}).encode()


def _ms(now: datetime) -> int:
    return int(now.timestamp() * 1000)


async def _ready(session: aiohttp.ClientSession, url: str, *, status: int) -> list[str]:
    while True:
        found, body = await asked(session, f"{url}/readyz")
        if found == status:
            reasons: list[str] = body["reasons"]
            return reasons
        assert (await asked(session, f"{url}/healthz"))[0] == 200
        await asyncio.sleep(0.2)


async def _planned(session: aiohttp.ClientSession, url: str, user: str) -> None:
    """Wait until the worker has committed the plan."""
    while ((await asked(session, f"{url}/people/{user}"))[1] or {}).get("open_intents") != 1:  # noqa: ASYNC110 - asked as a service asks
        await asyncio.sleep(0.05)


async def _answers(topics: Deployment) -> None:
    """Wait until the broker, which had lost touch with its own controller, has found itself again."""
    while True:
        try:
            await kafka_topics.partitions(topics.kafka)
        except KafkaError:
            await asyncio.sleep(0.2)
        else:
            return


@pytest.fixture
def mine() -> Iterator[LocalKafka]:
    """A broker that nobody else needs."""
    try:
        with LocalKafka() as broker:
            yield broker
    except NoBrokerError as missing:
        pytest.skip(f"a broker of our own cannot be had: {missing}")


@pytest.mark.slow
async def test_it_is_unready_and_alive_and_a_drain_that_ran_out_is_no_success(
    mine: LocalKafka, tmp_path: Path
) -> None:
    """First with nothing to do, then with a commit in flight; ready again by itself in between; exit code 1."""
    async with deployment(mine.address, 1) as topics:
        env = {
            "LOG": f"kafka://{mine.address}",
            "TOPIC_PREFIX": topics.kafka.connection.prefix,
            "DRAIN_WITHIN": "2s",
        }
        async with (
            worker(tmp_path, **env) as one,
            aiohttp.ClientSession() as session,
            asyncio.timeout(WITHIN_S),
        ):
            await _ready(session, one.url, status=200)
            with mine.frozen():
                assert await _ready(session, one.url, status=503)
            await _ready(session, one.url, status=200)
            await topics.appender.append(_due("ana", DUE_AFTER_S))
            await _planned(session, one.url, "ana")
            with mine.frozen():
                reasons = await _ready(session, one.url, status=503)
                assert any("partition 0" in reason or "brokers" in reason for reason in reasons)
                code = await one.end()
            said = one.said.read_text()
            await _answers(topics)
    assert code == 1
    assert any(line.startswith("not drained in time: ") for line in said.splitlines())
