"""A real worker's topics on a broker, each copy with one thing changed by hand: `tactful verify` names it."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from pathlib import Path

import pytest

from agents import load
from app.cli import verify
from app.drivers import kafka_topics
from app.drivers.kafka_client import Connection, Kafka
from app.drivers.kafka_read_topic import read_topic
from app.scenario.runner import run
from app.scenario.story import read
from app.scenario.world import Setting
from app.scenario.world_kafka import PARTITIONS, KafkaWorld
from app.settings import KafkaAddress
from app.verify.seen import ORDER
from tests.facts.cli.terminal import Said, Terminal
from tests.facts.verify.shown import STORY, Topics
from tests.facts.verify.tampering import BROKEN, ON_A_BROKER
from tests.kafka.copying import copied

pytestmark = pytest.mark.slow

CHANGED = {
    **ON_A_BROKER,
    **{
        name: BROKEN[name]
        for name in (
            *("a nudge twice", "its outcome is gone", "an outcome twice", "withdrawn by its key"),
            *("a maturity event is gone", "two nudges of one pass", "a nudge without a trace"),
            *("under another's key", "open and closed", "another reason", "a pass taken twice"),
            *("what it follows from is not done", "considered and gone", "too soon after"),
        )
    },
}
"""All others are tried on an embedded log: a copy there costs a tenth."""


@pytest.fixture(scope="module")
def topics(kafka: str) -> Topics:
    """What a worker in a process of its own left behind."""
    worlds: list[KafkaWorld] = []

    def make(setting: Setting) -> KafkaWorld:
        worlds.append(KafkaWorld(setting, KafkaAddress((kafka,)), keep=True))
        return worlds[-1]

    result = run(read(STORY), load([]), make)
    assert result.passed, result.failures
    shutil.rmtree(worlds[0].folder)
    return asyncio.run(_taken(worlds[0]._kafka))


async def _taken(kafka: Kafka) -> Topics:
    found = {topic: tuple([record async for record in read_topic(kafka, topic)]) for topic in ORDER}
    await kafka_topics.delete(kafka)
    return found


async def verified(kafka: str, folder: Path, topics: Topics) -> Said:
    """What the command says of a copy under a prefix of its own, which is gone afterwards."""
    policy = folder / "policy.json"
    policy.write_text(read(STORY).policy.model_dump_json())
    prefix = f"t{secrets.token_hex(5)}-"
    terminal = Terminal(
        folder,
        {"TACTFUL_LOG": f"kafka://{kafka}", "TACTFUL_TOPIC_PREFIX": prefix, "TACTFUL_POLICY": str(policy)},
    )
    copy = Kafka(Connection(bootstrap=kafka, prefix=prefix))
    await kafka_topics.apply(copy, partitions=PARTITIONS, settings=kafka_topics.STORY)
    try:
        await copied(copy, topics)
        return await asyncio.to_thread(terminal.tactful, "verify", "--json")
    finally:
        await kafka_topics.delete(copy)


async def test_an_untouched_copy_is_sound(kafka: str, tmp_path: Path, topics: Topics) -> None:
    """Every promise was kept, and six nudges went out."""
    said = await verified(kafka, tmp_path, topics)
    assert (said.code, said.object["broken"], said.object["nudges"]) == (0, [], 6)


@pytest.mark.parametrize("name", CHANGED)
async def test_what_was_changed_by_hand_is_named(
    kafka: str, tmp_path: Path, topics: Topics, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Exit 1, the promise, the id that shows it, and how."""
    monkeypatch.setattr(verify, "AGAIN_S", 0.0)  # nobody writes here
    tamper, check, says = CHANGED[name]
    said = await verified(kafka, tmp_path, tamper(topics))
    found = [one for one in said.object["broken"] if one["check"] == check and says in one["says"]]
    assert (said.code, bool(found)) == (1, True), said.object["broken"]
    assert all(one["id"] for one in found)
