"""Each way in, and each role with exactly its rights: an event goes in, a nudge comes out, and no secret with it."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaConsumer

from app.deployment import connection
from tests.facts.cli.terminal import Said, Terminal, plain
from tests.kafka.security.guarded import Guarded, settings
from tests.worker.process import POLICY, Worker, until, worker
from topics.rights import ROLES, WORKER

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PEOPLE = 4
DECIDED_WITHIN_S = 60.0
WAYS = [
    ("SECURE", "PLAIN"),
    ("SECURE", "SCRAM-SHA-256"),
    ("CLEAR", "SCRAM-SHA-512"),
    ("MUTUAL", "a certificate"),
]
"""Each mechanism and each security protocol; a story costs some 7 s of two cores."""


@dataclass
class Deployed:
    """One deployment, and everybody with their own user."""

    broker: Guarded
    listener: str
    mechanism: str
    folder: Path
    prefix: str = field(default_factory=lambda: f"{uuid.uuid4().hex[:8]}-")
    http: dict[str, str] = field(default_factory=dict)
    """Where the worker listens, once it does: a doctor beside it asks it why its folder is in use."""
    said: list[str] = field(default_factory=list)
    """All that anybody was shown."""

    async def grant(self) -> None:
        """Each role its own rights, and not one more."""
        for name, role in ROLES.items():
            group = self.prefix if role is WORKER else name
            await self.broker.grant(name, role.on(prefix=self.prefix, group=group))

    def env(self, role: str) -> dict[str, str]:
        policy = self.folder / "policy.yaml"
        policy.write_text(POLICY)
        return self.broker.env(role, self.listener, self.mechanism) | {
            "TACTFUL_TOPIC_PREFIX": self.prefix,
            "TACTFUL_GROUP": self.prefix,
            "TACTFUL_STATE_DIR": str(self.folder / "state"),
            "TACTFUL_POLICY": str(policy),
            "TACTFUL_MODEL": "scripted",
            **self.http,
        }

    async def tactful(self, role: str, *words: object, code: int = 0) -> Said:
        """In a thread: a command runs an event loop of its own."""
        said = await asyncio.to_thread(Terminal(self.folder, self.env(role)).tactful, *words)
        self.said += [said.out, said.err]
        assert said.code == code, f"{role} {words}: {said.out}{said.err}"
        return said

    async def read(self, role: str, topic: str, count: int) -> list[Any]:
        """What a service reads, in a group of its own, as any client of Kafka does."""
        consumer = AIOKafkaConsumer(
            self.prefix + topic,
            **connection(settings(self.env(role))).options(),
            group_id=role,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            async with asyncio.timeout(DECIDED_WITHIN_S):
                found = [json.loads((await anext(consumer)).value) for _ in range(count)]
            await consumer.commit()
        finally:
            await consumer.stop()
        return found


def events(now: datetime) -> list[dict[str, Any]]:
    """Everybody grants everything, and a word is asked for that is due at once."""
    due = (now + timedelta(seconds=1)).isoformat()
    made = []
    for n in range(PEOPLE):
        asked = {"agent": "follow_up", "subject": "the thesis", "due_at": due}
        made += [
            plain(f"person-{n}", "consent.changed", agent="*", granted=True),
            plain(f"person-{n}", "intent.requested", 2, **asked),
        ]
    return [event | {"time": now.isoformat()} for event in made]


@pytest.mark.parametrize(("listener", "mechanism"), WAYS)
async def test_everybody_does_their_work_with_their_own_rights(
    broker: Guarded, tmp_path: Path, listener: str, mechanism: str
) -> None:
    """From the topics to the nudge, its receipt and why it was sent; no secret is in what anybody is shown."""
    here = Deployed(broker, listener, mechanism, tmp_path)
    await here.grant()
    await here.tactful("creator", "topics", "apply", "--partitions", "2", "--replication", "1")
    await here.tactful("creator", "topics", "check")
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events(datetime.now(UTC))))
    await here.tactful("producer", "events", "import", file)

    env = {name.removeprefix("TACTFUL_"): value for name, value in here.env("worker").items()}
    async with worker(tmp_path / "worker", **env, LOG_LEVEL="DEBUG") as one:
        await until(lambda: one.heard("ready"), said=one.said)
        await _by_http(one)
        nudges = await here.read("delivery", "nudges", PEOPLE)
        assert {nudge["user_id"] for nudge in nudges} == {f"person-{n}" for n in range(PEOPLE)}
        receipt = json.dumps({"nudge_id": nudges[0]["nudge_id"]})
        words = ("--user", nudges[0]["user_id"], "--type", "nudge.delivered", "--data", receipt)
        await here.tactful("delivery", "events", "send", *words)
        outcomes = await here.read("data", "nudge-outcome", PEOPLE)
        assert {outcome["outcome"] for outcome in outcomes} == {"nudged"}
        await here.tactful("operator", "agents", "pause", "digest")
        here.http["TACTFUL_HTTP"] = one.url.removeprefix("http://")
        doctor = await here.tactful("worker", "doctor", "--json")
        here.http.clear()
        assert {one["state"] for one in doctor.objects} <= {"fine", "note"}
        await _shows_no_secret(here, one)
        await one.ended_well()
        here.said.append(one.said.read_text())

    await _looks(here)
    shown = "".join(here.said)
    assert [secret for secret in broker.secrets if secret in shown] == []


async def _by_http(one: Worker) -> None:
    """An event over HTTP is written by a producer of its own, without a right on the cluster."""
    event = plain("person-0", "app.opened", 3) | {"time": datetime.now(UTC).isoformat()}
    async with aiohttp.ClientSession() as session, session.post(f"{one.url}/events", json=event) as answer:
        assert answer.status == 202, await answer.text()


async def _shows_no_secret(here: Deployed, one: Worker) -> None:
    """What others on the machine may see of the process, and what it serves."""
    process = Path("/proc") / str(one.process.pid)
    if process.exists():  # Linux
        here.said += [(process / name).read_bytes().decode() for name in ("cmdline", "environ")]
    async with aiohttp.ClientSession() as session:
        for page in ("metrics", "readyz", "people/person-0"):
            async with session.get(f"{one.url}/{page}") as answer:
                here.said.append(await answer.text())


async def _looks(here: Deployed) -> None:
    verify = await here.tactful("viewer", "verify", "--json")
    assert (verify.object["broken"], verify.object["nudges"]) == ([], PEOPLE)
    assert (await here.tactful("viewer", "intents", "person-1")).out
    assert "the thesis" in (await here.tactful("viewer", "explain", "person-1")).out
    assert (await here.tactful("viewer", "person", "person-1")).out
    tail = await here.tactful("viewer", "events", "tail", "nudges", "--json")
    assert len(tail.objects) == PEOPLE
    await here.tactful("viewer", "dead-letter", "list", "--json")
    await here.tactful("viewer", "agents", "list")
    await here.tactful("operator", "dead-letter", "replay", "--json")
    # What is not theirs is refused, and said to be a right: they have no more than the table says.
    refused = await here.tactful("viewer", "agents", "pause", "digest", code=3)
    assert "tactful doctor --rights" in refused.err
