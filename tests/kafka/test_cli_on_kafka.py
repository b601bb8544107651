"""The commands on a real broker: topics, events in and out, people, pauses, dead letters, the verifier, the doctor."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.drivers import kafka_topics
from app.drivers.kafka_append import Appender
from app.drivers.kafka_client import Connection, Kafka
from tests.facts.cli.terminal import Said, Terminal, plain
from tests.worker.process import COMMAND, POLICY, until, worker
from topics.record import NewRecord

PEOPLE = 12
DECIDED_WITHIN_S = 60.0


@dataclass
class Deployed:
    """A terminal whose deployment is on a broker, with topics of its own."""

    terminal: Terminal
    kafka: Kafka

    async def tactful(self, *words: object, **more: Any) -> Said:
        """In a thread: a command runs an event loop of its own."""
        return await asyncio.to_thread(self.terminal.tactful, *words, **more)

    async def append(self, *records: NewRecord) -> None:
        appender = Appender(self.kafka)
        await appender.start()
        await appender.append(records)
        await appender.stop()


@pytest.fixture
async def here(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Deployed]:
    """A prefix under which there is nothing yet; what is made there is gone afterwards."""
    monkeypatch.chdir(tmp_path)
    prefix = f"t{uuid.uuid4().hex[:10]}-"
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    env = {
        "TACTFUL_LOG": f"kafka://{kafka}",
        "TACTFUL_TOPIC_PREFIX": prefix,
        "TACTFUL_GROUP": prefix,
        "TACTFUL_POLICY": str(policy),
        "TACTFUL_STATE_DIR": str(tmp_path / "state"),
        "TACTFUL_MODEL": "scripted",
    }
    ours = Kafka(Connection(bootstrap=kafka, prefix=prefix))
    yield Deployed(Terminal(tmp_path, env), ours)
    await kafka_topics.delete(ours)


def lives(now: datetime) -> list[dict[str, Any]]:
    """Everybody grants everything, and a service asks for a word that is due at once."""
    events = []
    for n in range(PEOPLE):
        granted = plain(f"person-{n}", "consent.changed", agent="*", granted=True)
        due = (now + timedelta(seconds=1)).isoformat()
        asked = plain(
            f"person-{n}", "intent.requested", 2, agent="follow_up", subject="the thesis", due_at=due
        )
        events += [granted | {"time": now.isoformat()}, asked | {"time": now.isoformat()}]
    return events


async def test_topics_are_made_once(here: Deployed) -> None:
    """Nothing is there, a dry run leaves it so, and what was made is as it should be."""
    assert (await here.tactful("topics", "check")).code == 1
    said = await here.tactful("topics", "apply", "--partitions", "3", "--dry-run")
    assert (said.code, len(said.lines)) == (0, 7)
    assert (await here.tactful("topics", "apply", "--partitions", "3")).code == 0
    assert (await here.tactful("topics", "apply", "--partitions", "3", "--json")).object["created"] == []
    assert (await here.tactful("topics", "check")).out == "all topics are there, as they should be\n"


async def test_without_its_topics_a_command_says_what_to_create(here: Deployed) -> None:
    """Exit 3, at once, by the name that lacks."""
    said = await here.tactful("events", "tail", "nudges")
    assert said.code == 3
    assert "nudges: create what lacks with `tactful topics apply`" in said.err
    doctor = await here.tactful("doctor", "--json")
    assert doctor.code == 1
    assert len([one for one in doctor.objects if (one["about"], one["state"]) == ("topics", "wrong")]) == 7


@pytest.mark.slow
async def test_a_day_of_an_operator(here: Deployed) -> None:
    """From a file of events to nudges, why they were sent, what was put aside, and that every promise was kept."""
    await here.tactful("topics", "apply", "--partitions", "3")
    file = here.terminal.file("events.jsonl", *lives(datetime.now(UTC)))
    imported = (await here.tactful("events", "import", file, "--json")).object
    assert (imported["events"], imported["people"]) == (2 * PEOPLE, PEOPLE)
    behind = await here.tactful("verify", "--expect-idle", "--json")
    assert (behind.code, {one["check"] for one in behind.object["broken"]}) == (1, {"idle"})
    await here.append(NewRecord("user-events", b"person-0", b"{", int(datetime.now(UTC).timestamp() * 1000)))

    env = {name.removeprefix("TACTFUL_"): value for name, value in here.terminal.env.items()}
    async with worker(here.terminal.folder / "worker", **env | {"HTTP": "127.0.0.1:0"}) as one:
        await until(lambda: one.heard("ready"), said=one.said)
        await _decided(here)
        await _paused(here)
        await one.ended_well()

    said = await here.tactful("verify", "--expect-idle", "--json")
    assert (said.code, said.object["broken"]) == (0, [])
    assert (said.object["nudges"], said.object["dead_letters"]) == (PEOPLE, 1)
    await _person(here)
    await _dead_letter(here)
    doctor = await here.tactful("doctor", "--json")
    assert doctor.code == 0, doctor.out
    assert {one["about"] for one in doctor.objects} >= {"brokers", "topics", "ACLs", "positions", "clock"}


async def _decided(here: Deployed) -> None:
    async with asyncio.timeout(DECIDED_WITHIN_S):
        while len((await here.tactful("events", "tail", "nudges")).lines) < PEOPLE:  # noqa: ASYNC110 - a broker gives no event
            await asyncio.sleep(0.2)


async def _paused(here: Deployed) -> None:
    await here.tactful("agents", "pause", "digest")
    listed = (await here.tactful("agents", "list", "--json")).objects
    assert [one["name"] for one in listed if one["paused"]] == ["digest"]


async def _person(here: Deployed) -> None:
    known = (await here.tactful("person", "person-7", "--json")).object
    assert (known["consents"], known["nudges_sent"]) == ({"*": True}, 1)
    sentences = [line.partition("  ")[2] for line in (await here.tactful("explain", "person-7")).lines]
    assert [sentence.split(" “")[0] for sentence in sentences] == [
        "follow_up planned",
        "follow_up spoke about",
    ]
    assert (await here.tactful("intents", "person-7")).out.startswith("nothing is planned")
    mine = await here.tactful("events", "tail", "user-events", "nudges", "--user", "person-7", "--json")
    assert {one["key"] for one in mine.objects} == {"person-7"}
    assert len({one["partition"] for one in mine.objects}) == 1


async def _dead_letter(here: Deployed) -> None:
    (letter,) = (await here.tactful("dead-letter", "list", "--json")).objects
    assert (letter["reason"], letter["record"]["key"]) == ("not_json", "person-0")
    assert (await here.tactful("dead-letter", "replay", "--json")).object["replayed"] == []
    event = json.dumps(plain("person-0", "app.opened", 9)).encode()
    marks = (("tactful_reason", b"defect"), ("tactful_topic", b"user-events"))
    await here.append(NewRecord("dead-letter", b"person-0", event, letter["record"]["timestamp_ms"], marks))
    again = (await here.tactful("dead-letter", "replay", "--json")).object
    assert again["replayed"] == ["dead-letter-0@" + again["replayed"][0].partition("@")[2]]
    assert (await here.tactful("dead-letter", "replay", "--json")).object["replayed_before"] == again[
        "replayed"
    ]


async def test_what_comes_is_followed(here: Deployed) -> None:
    """From now on, several topics at once, until somebody interrupts it."""
    await here.tactful("topics", "apply", "--partitions", "3")
    await here.tactful("events", "send", "--user", "ana", "--type", "app.opened", "--id", "before")
    process = await asyncio.create_subprocess_exec(
        *(str(COMMAND), "events", "tail", "user-events", "nudges", "--follow", "--json"),
        env=os.environ | here.terminal.env,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    coming = asyncio.create_task(process.stdout.readline())
    try:
        async with asyncio.timeout(DECIDED_WITHIN_S):
            for n in range(1_000):
                await here.tactful(
                    "events", "send", "--user", "ben", "--type", "app.opened", "--id", f"after-{n}"
                )
                if coming.done():
                    break
            line = json.loads(await coming)
    finally:
        process.terminate()
        await process.wait()
    assert (line["topic"], line["key"]) == ("user-events", "ben")
    assert line["value"]["id"].startswith("after-")
