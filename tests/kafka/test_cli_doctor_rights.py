"""Brokers that grant each right by name: the doctor says which one lacks, before a worker stumbles over it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.drivers import kafka_topics
from app.drivers.kafka_client import Connection, Kafka
from tests.facts.cli.terminal import Said, Terminal
from tests.kafka.broker import LocalKafka, NoBrokerError
from tests.kafka.local import LOOPBACK, free_ports
from tests.kafka.test_security import PLAIN_MODULE

PREFIX = "ours-"


class Guarded:
    """A broker with an authorizer; whoever comes in by its own listener may do everything."""

    def __init__(self) -> None:
        [port] = free_ports(1)
        self.broker = LocalKafka()
        self.clients = f"{LOOPBACK}:{port}"
        controller = self.broker._voters.removeprefix("1@")
        self.broker._more = {
            "listeners": f"PLAINTEXT://{self.broker.address},CLIENT://{self.clients},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.broker.address},CLIENT://{self.clients}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CLIENT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
            "listener.name.client.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.client.plain.sasl.jaas.config": f'{PLAIN_MODULE} required user_tactful="secret";',
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }

    def grant(self, *what: str) -> None:
        """An ACL for the worker's user."""
        tool = self.broker._java(
            "org.apache.kafka.tools.AclCommand", "--bootstrap-server", self.broker.address
        )
        subprocess.run(
            [*tool, "--add", "--allow-principal", "User:tactful", *what], check=True, capture_output=True
        )


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    """Topics are there, and nobody may do anything."""
    try:
        made = Guarded()
    except NoBrokerError as missing:
        pytest.skip(f"only a broker of our own can be guarded: {missing}")
    with made.broker:
        ours = Kafka(Connection(bootstrap=made.broker.address, prefix=PREFIX))
        asyncio.run(_make_topics(ours))
        yield made


async def _make_topics(kafka: Kafka) -> None:
    await kafka_topics.apply(kafka, partitions=2, replication=1)


def wrong(said: Said) -> list[str]:
    return [one["says"] for one in said.objects if one["state"] == "wrong"]


@pytest.mark.kafka
@pytest.mark.slow
def test_a_right_that_lacks_is_named(guarded: Guarded, tmp_path: Path) -> None:
    """Topics that this user may not see, then one that it may not write and a group that it may not use; then none."""
    env = {
        "TACTFUL_LOG": f"kafka://{guarded.clients}",
        "TACTFUL_TOPIC_PREFIX": PREFIX,
        "TACTFUL_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "TACTFUL_KAFKA__SASL_USERNAME": "tactful",
        "TACTFUL_KAFKA__SASL_PASSWORD": "secret",
        "TACTFUL_MODEL": "none",
    }
    terminal = Terminal(tmp_path, env)
    said = terminal.tactful("doctor", "--json")
    assert (said.code, len(wrong(said))) == (1, 7)
    assert all("or this user may not see it" in says for says in wrong(said))

    rights = [word for each in ("read", "describe", "describeconfigs") for word in ("--operation", each)]
    guarded.grant(*rights, "--topic", PREFIX, "--resource-pattern-type", "prefixed")
    for name in ("user-events", "nudge-outcome", "nudge-pass", "nudge-state", "dead-letter"):
        guarded.grant("--operation", "write", "--topic", PREFIX + name)
    said = terminal.tactful("doctor", "--json")
    assert wrong(said) == [
        f"this user may not write {PREFIX}nudges",
        "this user may not use the group tactful",
    ]
    (first, *_) = [one["do"] for one in said.objects if one["state"] == "wrong"]
    assert first == f"kafka-acls.sh --add --allow-principal User:... --topic {PREFIX}nudges --operation write"

    guarded.grant("--operation", "write", "--topic", PREFIX + "nudges")
    guarded.grant("--operation", "read", "--group", "tactful")
    said = terminal.tactful("doctor", "--json")
    assert (said.code, wrong(said)) == (0, [])
