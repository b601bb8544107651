"""Who is done with Kafka waits for nobody's last word: TLS has one, and a broker may be beyond saying it."""

from __future__ import annotations

import time
import uuid

import pytest

from app.deployment import connection
from app.drivers.kafka_client import Kafka, closed
from tests.kafka.security.guarded import Guarded, settings
from tests.kafka.security.test_rights import made
from topics.rights import WORKER

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
WITHIN_S = 5.0


async def test_a_silent_broker_holds_up_no_end(broker: Guarded) -> None:
    """A reader and a producer over TLS end in seconds, not after the half minute for which TLS would wait."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    await made(broker, prefix)
    await broker.grant("worker", WORKER.on(prefix=prefix, group=prefix))
    kafka = Kafka(connection(settings(broker.env("worker", "MUTUAL"))))
    reader, producer = kafka.consumer(), kafka.producer()
    await reader.start()
    await producer.start()
    with broker.broker.frozen():
        began = time.monotonic()
        await closed(reader)
        await producer.stop()
        assert time.monotonic() - began < WITHIN_S
