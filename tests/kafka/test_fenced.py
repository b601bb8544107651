"""A partition that somebody else has taken over: `/readyz` names it, and takes it back once it is ours again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.kafka.deployment import Deployment
from tests.worker.process import Worker, asked, worker
from topics.record import NewRecord

WITHIN_S = 90.0
FENCED = 1


def _life(user: str) -> list[NewRecord]:
    """A plan that is due at once."""
    now = datetime.now(UTC)
    request = {"agent": "follow_up", "subject": "the harvest", "due_at": now.isoformat()}
    said = [("consent.changed", {"agent": "*", "granted": True}), ("intent.requested", request)]
    return [
        NewRecord("user-events", user.encode(), _body(user, kind, data), int(now.timestamp() * 1000))
        for kind, data in said
    ]


def _body(user: str, kind: str, data: object) -> bytes:
    return json.dumps({"id": kind, "source": "tests", "type": kind, "user_id": user, "data": data}).encode()


async def _once(
    session: aiohttp.ClientSession, one: Worker, so: Callable[[int, dict[str, Any]], bool]
) -> dict[str, Any]:
    """What `/readyz` says once it is so; the worker is alive all the while."""
    while True:
        status, page = await asked(session, f"{one.url}/readyz")
        assert (await asked(session, f"{one.url}/healthz"))[0] == 200
        if page is not None and so(status, page):
            found: dict[str, Any] = page
            return found
        await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_a_fenced_partition_is_unready_with_its_reason_until_it_is_taken_over_anew(
    topics: Deployment, tmp_path: Path
) -> None:
    """A second producer of its transactional id fences it alone; its next event shows, and is decided, once."""
    connection = topics.kafka.connection
    env = {"LOG": f"kafka://{connection.bootstrap}", "TOPIC_PREFIX": connection.prefix, "GROUP": "fenced"}
    user = topics.person_in(FENCED)
    async with (
        worker(tmp_path, **env) as one,
        aiohttp.ClientSession() as session,
        asyncio.timeout(WITHIN_S),
    ):
        page = await _once(session, one, lambda status, _: status == 200)
        assert page["partitions"] == {str(number): "running" for number in range(topics.partitions)}
        usurper = topics.kafka.producer(f"nudge-state-{FENCED}")
        await usurper.start()
        await usurper.stop()
        await topics.appender.append(_life(user))
        page = await _once(session, one, lambda status, _: status == 503)
        (reason,) = page["reasons"]
        assert reason.startswith(f"partition {FENCED}: paused: ")
        assert "another worker has taken over" in reason
        assert {number for number, state in page["partitions"].items() if state != "running"} == {str(FENCED)}
        page = await _once(session, one, lambda status, _: status == 200)
        assert page["partitions"][str(FENCED)] == "running"
        while not await topics.records("nudges"):  # noqa: ASYNC110 - read as a service reads
            await asyncio.sleep(0.1)
        await one.ended_well()
    (nudge,) = await topics.records("nudges")
    assert (nudge.key, nudge.partition) == (user.encode(), FENCED)
