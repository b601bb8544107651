"""The least rights of a delivery service: with exactly these `tactful deliver` reads nudges and reports receipts."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from tests.facts.deliver.nudging import nudge, receiver
from tests.kafka.deployment import Deployment
from tests.kafka.security.guarded import Guarded
from tests.kafka.security.test_rights import made
from tests.kafka.test_deliver import told_of, written
from tests.worker.delivering import deliver
from topics.rights import DELIVERY

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


async def test_a_delivery_service_works_with_its_rights_and_no_more(broker: Guarded, tmp_path: Path) -> None:
    """Over TLS, by a password: what was decided is posted, and that it arrived stands on the log."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    kafka = await made(broker, prefix)
    await broker.grant("delivery", DELIVERY.on(prefix=prefix, group=f"{prefix}delivery"))
    given = broker.env("delivery", "SECURE", "SCRAM-SHA-256")
    env = {name.removeprefix("TACTFUL_"): value for name, value in given.items()}
    await written(kafka, [nudge("n-1", at=datetime.now(UTC), lasts=timedelta(hours=1))])
    async with (
        receiver(lambda _: web.Response(status=200), lambda: datetime.now(UTC)) as hook,
        deliver(tmp_path, hook.url, TOPIC_PREFIX=prefix, **env) as one,
    ):
        told = await told_of(Deployment(kafka, None, 2), 1)  # type: ignore[arg-type]  # it only reads
        assert [kind for _, kind, _ in told] == ["nudge.delivered"]
        assert [json.loads(came.body)["data"]["nudge_id"] for came in hook.came] == ["n-1"]
        one.terminate()
        assert await one.wait() == 0
