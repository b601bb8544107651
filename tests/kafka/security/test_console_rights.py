"""The least rights of a console: with exactly these it makes its own topic, joins, and shows people."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from app.drivers.kafka_append import Appender
from app.drivers.kafka_client import Connection, Kafka
from tests.kafka.security.guarded import SESSION_S, Guarded
from tests.kafka.security.test_rights import made
from tests.worker.process import asked, console, until
from topics.encode import event_record
from topics.rights import CONSOLE, CONSOLE_GROUP

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

WITHIN_S = 40.0
LISTENERS = [("SCRAMONLY", "SCRAM-SHA-512"), ("MUTUAL", "")]
"""Over TLS: by a password, asked for again every few seconds; and by a certificate."""


async def opened(broker: Guarded, prefix: str) -> None:
    """Ana opens the app."""
    now = datetime.now(UTC)
    record = event_record(
        user_id="ana",
        event_id=uuid.uuid4().hex,
        source="tests",
        event_type="app.opened",
        data={},
        timestamp_ms=int(now.timestamp() * 1000),
        time=now,
    )
    appender = Appender(Kafka(Connection(bootstrap=broker.broker.address, prefix=prefix)))
    await appender.start()
    await appender.append([record])
    await appender.stop()


async def shown(session: aiohttp.ClientSession, url: str, events: int) -> dict[str, Any]:
    """Ana's page, once it shows so many events."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            _, page = await asked(session, f"{url}/people/ana")
            if len((page or {}).get("events", ())) == events:
                return page or {}
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(("listener", "mechanism"), LISTENERS)
async def test_a_console_works_with_its_rights_and_no_more(
    broker: Guarded, tmp_path: Path, listener: str, mechanism: str
) -> None:
    """On brokers that know it by name, over TLS, it becomes ready and shows what happens, also after its session."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    await made(broker, prefix)
    await broker.grant("console", CONSOLE.on(prefix=prefix, group=f"{prefix}{CONSOLE_GROUP}"))
    given = broker.env("console", listener, mechanism) if mechanism else broker.env("console", listener)
    env = {name.removeprefix("TACTFUL_"): value for name, value in given.items()}
    async with (
        aiohttp.ClientSession(headers={"Accept": "application/json"}) as session,
        console(tmp_path, TOPIC_PREFIX=prefix, **env) as looking,
    ):
        await until(lambda: looking.heard("ready") is not None, said=looking.said)
        status, page = await asked(session, f"{looking.url}/readyz")
        assert status == 200, page
        await opened(broker, prefix)
        await shown(session, looking.url, 1)
        if listener == "SCRAMONLY":
            await asyncio.sleep(2 * SESSION_S)
            await opened(broker, prefix)
            await shown(session, looking.url, 2)
        said = looking.said.read_text()
        assert [secret for secret in broker.secrets if secret in said] == []
        await looking.ended_well()
