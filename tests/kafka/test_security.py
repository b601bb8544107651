"""Brokers that want a password and speak TLS."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.drivers import kafka_topics
from app.drivers.kafka_client import Connection, Kafka, KafkaConnectionError
from tests.kafka.broker import LocalKafka, NoBrokerError
from tests.kafka.deployment import deployed
from tests.kafka.local import LOOPBACK, free_ports
from tests.kafka.test_workers import SOON_S, decided, running, worker

PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A key with its self-signed certificate, as the broker wants them, and the certificate alone."""
    key, alone, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=broker",
    ]
    names = ["-addext", f"subjectAltName=IP:{LOOPBACK}"]
    subprocess.run([*request, *names, "-keyout", key, "-out", alone], check=True, capture_output=True)
    both.write_text(key.read_text() + alone.read_text())
    return both, alone


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Connection]:
    """How to reach a broker that lets nobody in without TLS and a password."""
    both, authority = certificate(tmp_path)
    [port] = free_ports(1)
    try:
        broker = LocalKafka()
    except NoBrokerError as missing:
        pytest.skip(f"only a broker of our own can be guarded: {missing}")
    controller = broker._voters.removeprefix("1@")
    broker._more = {
        "listeners": f"PLAINTEXT://{broker.address},CLIENT://{LOOPBACK}:{port},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{broker.address},CLIENT://{LOOPBACK}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CLIENT:SASL_SSL,CONTROLLER:PLAINTEXT",
        "listener.name.client.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.client.plain.sasl.jaas.config": f'{PLAIN_MODULE} required user_tactful="secret";',
        "listener.name.client.ssl.keystore.type": "PEM",
        "listener.name.client.ssl.keystore.location": str(both),
    }
    with broker:
        yield Connection(
            bootstrap=f"{LOOPBACK}:{port}",
            security_protocol="SASL_SSL",
            sasl_mechanism="PLAIN",
            sasl_username="tactful",
            sasl_password="secret",
            ca_file=str(authority),
        )


@pytest.mark.kafka
@pytest.mark.slow
async def test_a_worker_speaks_tls_and_says_its_password(guarded: Connection, tmp_path: Path) -> None:
    """With both all clients work; with another password, or an unknown authority, none gets in."""
    async with deployed(guarded) as topics:
        one = worker(topics.kafka, tmp_path / "state")
        async with running(one):
            await topics.events(("ana", b"1"))
            async with asyncio.timeout(SOON_S):
                await one.settled()
        assert sum((await decided(topics)).values()) == 1
    for wrong in (replace(guarded, sasl_password="guess"), replace(guarded, ca_file=None)):
        with pytest.raises(KafkaConnectionError):
            await kafka_topics.check(Kafka(wrong))


def test_a_secret_is_in_no_log(tmp_path: Path) -> None:
    """What shows a connection shows no password."""
    connection = Connection(bootstrap="b:1", sasl_password="secret", key_password="secret")
    assert "secret" not in repr(connection)
