"""Brokers that want to know again who somebody is."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import aiohttp
import pytest

from tests.kafka.security.guarded import SESSION_S, Guarded
from tests.kafka.security.test_rights import made, told, until_told
from tests.worker.process import Service, until, worker
from topics.rights import WORKER

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
PEOPLE = 5


async def test_a_session_that_ends_costs_no_event(broker: Guarded, tmp_path: Path) -> None:
    """The broker ends each connection after 3 s; everybody is told once, no event is refused, the worker ends well."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    kafka = await made(broker, prefix)
    await broker.grant("worker", WORKER.on(prefix=prefix, group=prefix))
    env = broker.env("worker", "SCRAMONLY", "SCRAM-SHA-512")
    named = {name.removeprefix("TACTFUL_"): value for name, value in env.items()}
    async with (
        worker(tmp_path, **named, TOPIC_PREFIX=prefix, GROUP=prefix) as one,
        aiohttp.ClientSession() as session,
    ):
        await until(lambda: one.heard("ready"), said=one.said)
        service = Service(session, lambda: one.url)
        for n in range(PEOPLE):
            await service.live([n])
            await asyncio.sleep(SESSION_S / 2)
        await until_told(kafka, PEOPLE)
        assert "closed" in one.said.read_text(), "no session has ended: nothing was tried"
        await one.ended_well()
    assert sorted(await told(kafka)) == [f"person-{n}" for n in range(PEOPLE)]
    assert service.again == 0
