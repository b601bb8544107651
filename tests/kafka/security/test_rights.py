"""The least rights of a worker: with exactly these it works, and without any one of them that is said at once."""

from __future__ import annotations

import asyncio
import re
import subprocess
import uuid
from pathlib import Path

import pytest

from app.drivers import kafka_topics
from app.drivers.kafka_client import Connection, Kafka
from app.drivers.kafka_permissions import lacking
from app.drivers.kafka_takeover import Refused
from app.wiring import wired
from tests.facts.cli.terminal import Said, Terminal
from tests.kafka.local import java
from tests.kafka.security.guarded import LACKS, Guarded, settings
from tests.worker.process import until, worker
from topics.rights import PRODUCER, WORKER, Right

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
ENDED_WITHIN_S = 30.0


async def made(broker: Guarded, prefix: str) -> Kafka:
    """Topics under this prefix, made by somebody who may do everything."""
    kafka = Kafka(Connection(bootstrap=broker.broker.address, prefix=prefix))
    await kafka_topics.apply(kafka, partitions=2, replication=1)
    return kafka


def wrong(said: Said) -> list[tuple[str, str]]:
    return [(one["says"], one["do"]) for one in said.objects if one["state"] == "wrong"]


async def test_each_right_of_a_worker_is_missed_by_name(broker: Guarded, tmp_path: Path) -> None:
    """The doctor names the one that lacks, and the command that grants it: exit 1; a worker ends with the same name."""
    prefix, group = f"{uuid.uuid4().hex[:8]}-", "workers"
    await made(broker, prefix)
    rights = WORKER.on(prefix=prefix, group=group)
    for user, left_out in zip(LACKS, rights, strict=True):
        await broker.grant(user, [right for right in rights if right != left_out])
    more = {"TACTFUL_TOPIC_PREFIX": prefix, "TACTFUL_GROUP": group, "TACTFUL_MODEL": "none"}
    for user, left_out in zip(LACKS, rights, strict=True):
        env = broker.env(user, "CLEAR") | more
        said = await asyncio.to_thread(Terminal(tmp_path, env).tactful, "doctor", "--json")
        command = left_out.command(f"User:{user}", broker.broker.listeners["CLEAR"])
        assert wrong(said) == [(f"this user lacks {left_out}: {left_out.why}", command)]
        assert said.code == 1
        says = f"this user lacks {left_out}: `tactful doctor` prints the commands that grant it"
        async with wired(settings(env | {"TACTFUL_STATE_DIR": str(tmp_path)})) as one:
            with pytest.raises(Refused, match=f"^{re.escape(says)}$"):
                await one.served.run()
    await _ends(broker, tmp_path, LACKS[-1], rights[-1], more)


async def _ends(broker: Guarded, folder: Path, user: str, left_out: Right, more: dict[str, str]) -> None:
    env = broker.env(user, "CLEAR") | more
    named = {name.removeprefix("TACTFUL_"): value for name, value in env.items()}
    async with worker(folder / user, **named) as one:
        async with asyncio.timeout(ENDED_WITHIN_S):
            assert await one.process.wait() == 1
        last = one.said.read_text().splitlines()[-1]
    assert last == f"this user lacks {left_out}: `tactful doctor` prints the commands that grant it"


async def test_who_may_do_nothing_is_told_all_at_once(broker: Guarded, tmp_path: Path) -> None:
    """Eleven rights lack, in one look; that the topics are there is not said to somebody who may not see them."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    await made(broker, prefix)
    env = broker.env("data", "CLEAR") | {"TACTFUL_TOPIC_PREFIX": prefix, "TACTFUL_MODEL": "none"}
    said = await asyncio.to_thread(Terminal(tmp_path, env).tactful, "doctor", "--json")
    rights = WORKER.on(prefix=prefix, group="tactful")
    assert [says for says, _ in wrong(said)] == [f"this user lacks {right}: {right.why}" for right in rights]


async def test_topics_that_are_not_there_lack_no_right(broker: Guarded, tmp_path: Path) -> None:
    """Somebody who may see them is told to create them, and nothing else."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    await broker.grant("worker", WORKER.on(prefix=prefix, group="tactful"))
    env = broker.env("worker", "CLEAR") | {"TACTFUL_TOPIC_PREFIX": prefix, "TACTFUL_MODEL": "none"}
    said = await asyncio.to_thread(Terminal(tmp_path, env).tactful, "doctor", "--json")
    assert {do for _, do in wrong(said)} == {"create it with `tactful topics apply`"}
    assert len(wrong(said)) == 7


async def test_asking_for_rights_disturbs_no_worker(broker: Guarded, tmp_path: Path) -> None:
    """Neither its group nor its transactions: it goes on deciding, and nobody was put out."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    kafka = await made(broker, prefix)
    rights = WORKER.on(prefix=prefix, group=prefix)
    named = {
        "LOG": f"kafka://{broker.broker.address}",
        "TOPIC_PREFIX": prefix,
        "GROUP": prefix,
        "MODEL": "none",
    }
    async with worker(tmp_path, **named) as one:
        await until(lambda: one.heard("ready"), said=one.said)
        for _ in range(20):
            assert await lacking(kafka, rights) == []
        assert await one.end() == 0
    assert not [line for line in one.lines if line["level"] in {"warning", "error"}]


async def test_the_commands_grant_what_they_say(broker: Guarded, tmp_path: Path) -> None:
    """What `--rights` prints is run as it stands, and then its principal lacks nothing; a stranger lacks all of it."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    kafka = await made(broker, prefix)
    env = {"TACTFUL_LOG": f"kafka://{broker.broker.address}", "TACTFUL_TOPIC_PREFIX": prefix}
    said = await asyncio.to_thread(
        Terminal(tmp_path, env).tactful, "doctor", "--rights", "producer", "--principal", "User:delivery"
    )
    assert said.code == 0
    for line in said.lines:
        tool, *words = line.split()
        assert tool == "kafka-acls.sh"
        command = java("org.apache.kafka.tools.AclCommand", *words)
        await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    rights = PRODUCER.on(prefix=prefix, group="")
    for user, lacks in (("delivery", []), ("data", list(rights))):
        theirs = Connection(
            bootstrap=broker.broker.listeners["CLEAR"],
            prefix=kafka.connection.prefix,
            security_protocol="SASL_PLAINTEXT",
            sasl_username=user,
            sasl_password=broker.passwords[user],
        )
        assert await lacking(Kafka(theirs), rights) == lacks
