"""Apache's own Kafka image as one KRaft node, through testcontainers."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import docker
from docker.errors import DockerException
from testcontainers.core.container import DockerContainer

from tests.kafka.local import PROPERTIES, wait_until_answering
from tests.ports import LOOPBACK, free_port

IMAGE = "apache/kafka:4.1.0"
CONTROLLER_PORT = 9093


class KafkaContainer(DockerContainer):
    """`apache/kafka` takes every property from an environment variable and formats its own storage.

    The host's port is chosen before the start, because the broker must advertise it.
    """

    def __init__(self, image: str = IMAGE) -> None:
        super().__init__(image)
        port = free_port()
        self.with_bind_ports(port, port)
        self.address = f"{self.get_docker_client().host().replace('localhost', LOOPBACK)}:{port}"
        placed = {
            "controller.quorum.voters": f"1@localhost:{CONTROLLER_PORT}",
            "listeners": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://localhost:{CONTROLLER_PORT}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
        }
        for key, value in (PROPERTIES | placed).items():
            self.with_env("KAFKA_" + key.upper().replace(".", "_"), value)


def engine_answers() -> bool:
    """Whether a Docker engine can be reached."""
    place = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if place.startswith("unix://") and not _listens(place.removeprefix("unix://")):
        return False  # asked first, because Docker's client leaves a socket open where nobody listens
    try:
        client = docker.from_env(timeout=3)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (DockerException, OSError):
        return False


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(path)
        except OSError:
            return False
        return True


@contextmanager
def kafka() -> Iterator[str]:
    """The address of a broker in a container that ends with the block."""
    with KafkaContainer() as container:
        wait_until_answering(container.address)
        yield container.address
