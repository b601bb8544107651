"""Faust as we need it: it reads committed records alone, from the brokers that the settings name."""

from __future__ import annotations

from typing import Any

import faust
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from yarl import URL

from app.drivers.kafka_client import Connection


class _CommittedThread(AIOKafkaConsumerThread):
    """Faust has no setting for it: its consumer would hand out what was aborted, and nobody ever sent that."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Read when the consumer starts, which is after this; a test writes an aborted nudge and looks for it.
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - its constructor is called by Faust
        return consumer


class _CommittedConsumer(Consumer):
    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)


class _CommittedTransport(Transport):
    Consumer = _CommittedConsumer


def read_committed(app: faust.App, brokers: list[URL]) -> None:
    """Let this application read through the transport above."""
    app.transport = _CommittedTransport(brokers, app, loop=app.loop)


def credentials(connection: Connection) -> Any:
    """Who we are to the brokers, in Faust's words; None on a plain connection."""
    tls = connection.tls()
    match connection.security_protocol:
        case "SSL":
            return faust.SSLCredentials(tls)
        case "SASL_PLAINTEXT" | "SASL_SSL":
            return faust.SASLCredentials(
                username=connection.sasl_username,
                password=connection.sasl_password,
                mechanism=connection.sasl_mechanism,
                ssl_context=tls,
            )
        case _:
            return None
