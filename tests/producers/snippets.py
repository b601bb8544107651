"""The docs' producers as programs, what they are given to send, and what is to be seen of it on the topic."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from tests.kafka.local import jars
from tests.tools import have, on_path
from tests.tools.confluent import confluent_python
from tests.tools.kafkajs import node_with_kafkajs
from topics.murmur2 import partition_of
from topics.record import Record

FOLDER = Path(__file__).parents[2] / "app" / "docs" / "producers"
WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Program:
    """How a producer is run; the broker and the topic, or the worker's address, come after it."""

    words: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)

    async def sends(self, events: Sequence[bytes], *where: str) -> None:
        """Run it with these events as lines on stdin; an exit code other than 0 is a failure."""
        process = await asyncio.create_subprocess_exec(
            *self.words,
            *where,
            env=os.environ | dict(self.env),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(WITHIN_S):
            said, _ = await process.communicate(b"".join(event + b"\n" for event in events))
        assert process.returncode == 0, said.decode()[-2000:]


def aiokafka() -> Program:
    """Python, with the client that the tests have."""
    return Program((sys.executable, str(FOLDER / "python_aiokafka.py")))


def confluent() -> Program:
    """Python on librdkafka."""
    return Program((str(have(confluent_python)), str(FOLDER / "python_confluent.py")))


def confluent_without_partitioner(folder: Path) -> Program:
    """The same without the setting that the page asks for: librdkafka's own default."""
    program = confluent()
    lines = (FOLDER / "python_confluent.py").read_text().splitlines(keepends=True)
    kept = [line for line in lines if "murmur2_random" not in line]
    assert len(kept) == len(lines) - 1
    copy = folder / "python_confluent.py"
    copy.write_text("".join(kept))
    return Program((program.words[0], str(copy)))


def java() -> Program:
    """Java, with the client among the jars of the tests' own broker; its compiler takes the file as it is."""
    have(partial(on_path, "javac", "default-jdk-headless"))
    words = ("java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars()}/*", str(FOLDER / "Producer.java"))
    return Program(words)


def kafkajs() -> Program:
    """Node, and its packages."""
    node, packages = have(node_with_kafkajs)
    return Program((str(node), str(FOLDER / "kafkajs.js")), {"NODE_PATH": str(packages)})


def franz_go() -> Program:
    """Go, as the program built from main.go that TACTFUL_TEST_FRANZ_GO names: to build it takes a core's minute."""
    built = os.environ.get("TACTFUL_TEST_FRANZ_GO")
    if not built:
        pytest.skip("TACTFUL_TEST_FRANZ_GO names no program built from main.go")
    return Program((built,))


def curl() -> Program:
    """A shell and curl, to a worker."""
    have(partial(on_path, "curl", "curl"))
    return Program(("sh", str(FOLDER / "curl.sh")))


ON_KAFKA = {
    "python_aiokafka.py": aiokafka,
    "python_confluent.py": confluent,
    "Producer.java": java,
    "kafkajs.js": kafkajs,
    "main.go": franz_go,
}


def people(count: int) -> list[str]:
    """Ids of all lengths up to 41 bytes, some of them in other scripts: the hash takes four bytes at a time."""
    scripts = ("u", "Zoë-", "用户", "дом:", "🙂")
    return [f"{scripts[n % len(scripts)]}{'x' * (n % 23)}{n}" for n in range(count)]


def events(users: Sequence[str]) -> list[bytes]:
    """One event for each of them."""
    return [
        json.dumps(
            {"id": str(n), "source": "producers", "type": "app.opened", "user_id": user, "data": {}},
            ensure_ascii=False,
        ).encode()
        for n, user in enumerate(users)
    ]


def astray(found: Sequence[Record], users: Sequence[str], partitions: int) -> list[str]:
    """What is wrong with the topic: keys away from home, people who are missing, and records too many."""
    keys = [(record.key or b"", record.partition) for record in found]
    wrong = [
        f"{key.decode()!r} is in {at}, its home is {home}"
        for key, at in keys
        if at != (home := partition_of(key, partitions))
    ]
    sent, there = sorted(user.encode() for user in users), sorted(key for key, _ in keys)
    return wrong if sent == there else [*wrong, f"{len(sent)} were sent, {len(there)} are there"]
