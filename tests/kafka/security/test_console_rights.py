"""The least rights of a console: with exactly these it makes its own topic, joins, and shows people."""

from __future__ import annotations

import uuid
from pathlib import Path

import aiohttp
import pytest

from tests.kafka.security.guarded import Guarded
from tests.kafka.security.test_rights import made
from tests.worker.process import asked, console, until
from topics.rights import CONSOLE, CONSOLE_GROUP

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


async def test_a_console_works_with_its_rights_and_no_more(broker: Guarded, tmp_path: Path) -> None:
    """On brokers that know it by name it becomes ready and tells of somebody of whom nothing is known."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    await made(broker, prefix)
    await broker.grant("console", CONSOLE.on(prefix=prefix, group=f"{prefix}{CONSOLE_GROUP}"))
    env = {name.removeprefix("TACTFUL_"): value for name, value in broker.env("console", "CLEAR").items()}
    async with (
        aiohttp.ClientSession() as session,
        console(tmp_path, TOPIC_PREFIX=prefix, **env) as looking,
    ):
        await until(lambda: looking.heard("ready") is not None, said=looking.said)
        status, page = await asked(session, f"{looking.url}/readyz")
        assert status == 200, page
        await looking.ended_well()
