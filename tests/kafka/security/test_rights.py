"""The least rights of a worker: with exactly these it works, and without any one of them that is said at once."""

from __future__ import annotations

import asyncio
import re
import subprocess
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from app.drivers import kafka_topics
from app.drivers.kafka_client import Connection, Kafka
from app.drivers.kafka_permissions import lacking
from app.drivers.kafka_reader import read_to, reader
from app.drivers.kafka_takeover import Refused
from app.wiring import wired
from tests.facts.cli.terminal import Said, Terminal
from tests.kafka.local import java
from tests.kafka.security.guarded import LACKS, Guarded, settings
from tests.worker.process import Service, asked, until, worker
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
        assert [one["name"] for one in said.objects if one["state"] == "wrong"] == ["right_missing"]
        # A worker needs not see them, so it is no fault that it may not.
        assert "topic_settings_unseen" in [one["name"] for one in said.objects if one["state"] == "note"]
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


async def test_a_password_in_the_clear_is_a_note(broker: Guarded, tmp_path: Path) -> None:
    """It works, and should be known; with TLS, or a mechanism that does not send it, nothing is said."""
    noted = []
    for listener, mechanism in (("CLEAR", "PLAIN"), ("CLEAR", "SCRAM-SHA-256"), ("SECURE", "PLAIN")):
        env = broker.env("worker", listener, mechanism) | {"TACTFUL_MODEL": "none"}
        said = await asyncio.to_thread(Terminal(tmp_path, env).tactful, "doctor", "--json")
        noted.append([one for one in said.objects if one.get("name") == "password_readable"])
    assert list(map(len, noted)) == [1, 0, 0]


async def test_asking_for_rights_disturbs_no_worker(
    broker: Guarded, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither its group nor its transactions: no partition is let go, and no producer is put out."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    kafka = await made(broker, prefix)
    rights = WORKER.on(prefix=prefix, group=prefix)
    env = {
        "TACTFUL_LOG": f"kafka://{broker.broker.address}",
        "TACTFUL_TOPIC_PREFIX": prefix,
        "TACTFUL_GROUP": prefix,
        "TACTFUL_MODEL": "none",
        "TACTFUL_STATE_DIR": str(tmp_path),
    }
    async with wired(settings(env)) as one:
        running = asyncio.create_task(one.served.run())
        await until(lambda: not one.served.unready())
        for _ in range(20):
            assert await lacking(kafka, rights) == []
        assert one.served.unready() == []
        await one.served.drain(ENDED_WITHIN_S)
        await running
    ours = [entry for entry in caplog.records if entry.name.startswith("tactful")]
    assert [entry.getMessage() for entry in ours if entry.levelname in {"WARNING", "ERROR"}] == []


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
    await broker.holds("delivery", rights)
    for user, lacks in (("delivery", []), ("data", list(rights))):
        theirs = broker.comes(user, kafka.connection.prefix)
        assert await lacking(Kafka(theirs), rights) == lacks


async def test_a_right_may_come_and_go_while_a_worker_runs(broker: Guarded, tmp_path: Path) -> None:
    """Without it the worker says what it waits for, at /readyz too; with it back each nudge is sent, and once."""
    prefix = f"{uuid.uuid4().hex[:8]}-"
    kafka = await made(broker, prefix)
    rights = WORKER.on(prefix=prefix, group=prefix)
    await broker.grant("worker", rights)
    [nudges] = [right for right in rights if right.name == f"{prefix}nudges"]
    env = broker.env("worker", "CLEAR") | {"TACTFUL_TOPIC_PREFIX": prefix, "TACTFUL_GROUP": prefix}
    named = {name.removeprefix("TACTFUL_"): value for name, value in env.items()}
    async with worker(tmp_path, **named) as one, aiohttp.ClientSession() as session:
        await until(lambda: one.heard("ready"), said=one.said)
        await broker.revoke("worker", nudges)
        await Service(session, lambda: one.url).live(range(2))
        # Each attempt is begun as if all were well: the reason stands there in the pauses between them.
        async with asyncio.timeout(ENDED_WITHIN_S):
            while not _misses(await asked(session, f"{one.url}/readyz"), nudges):  # noqa: ASYNC110 - as below
                await asyncio.sleep(0.1)
        assert "TopicAuthorizationFailed" in one.said.read_text()
        await broker.grant("worker", [nudges])
        await until_told(kafka, 2)
        await one.ended_well()
    assert sorted(await told(kafka)) == ["person-0", "person-1"]


def _misses(page: tuple[int, Any], right: Right) -> bool:
    status, why = page
    return status == 503 and right.name in str(why)


async def until_told(kafka: Kafka, people: int) -> None:
    """Wait until so many nudges are there."""
    async with asyncio.timeout(ENDED_WITHIN_S):
        while len(await told(kafka)) < people:  # noqa: ASYNC110 - another process gives no event
            await asyncio.sleep(0.1)


async def told(kafka: Kafka) -> list[str]:
    """Whom the nudges that were committed are for."""
    async with reader(kafka) as one:
        places = [kafka.place("nudges", number) for number in range(2)]
        ends = await one.ends(places)
        bounds = {place: (0, end) for place, end in ends.items()}
        return [(record.key or b"").decode() async for batch in read_to(one, bounds) for record in batch]
