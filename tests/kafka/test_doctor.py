"""Faults of brokers, topics, group and rows: each is made real on a broker, and found by its name."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic, RecordsToDelete
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.structs import OffsetAndMetadata

from app.core.head import HEAD_KEY, SCHEMA, Head
from app.core.row import SCHEMA as ROW_SCHEMA
from app.core.row import Row, encode
from app.drivers import kafka_standing, kafka_topics
from app.drivers.kafka_append import Appender
from app.drivers.kafka_client import Connection, Kafka
from app.drivers.local_rows import LocalRows
from app.drivers.rocks import Store
from tests.facts.cli.faulty import doctor, named
from tests.facts.cli.terminal import Terminal
from tests.kafka.deployment import create
from tests.kafka.local import LocalKafka, NoBrokerError
from tests.ports import LOOPBACK, free_ports
from topics import TOPICS
from topics.controls import Control
from topics.encode import encode as encoded
from topics.record import NewRecord

HOUR_MS = 3_600_000


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


@pytest.fixture
async def kafka_of_ours(kafka: str) -> AsyncIterator[Kafka]:
    """A prefix under which there is nothing yet; what is made there is gone afterwards."""
    ours = Kafka(Connection(bootstrap=kafka, prefix=f"t{uuid.uuid4().hex[:10]}-"))
    yield ours
    await kafka_topics.delete(ours)


async def asked(kafka: Kafka, folder: Path, *, group: str = "", **env: str) -> dict[str, list[Any]]:
    """What the doctor finds, in a thread: a command runs an event loop of its own."""
    given = {
        "TACTFUL_LOG": f"kafka://{kafka.connection.bootstrap}",
        "TACTFUL_TOPIC_PREFIX": kafka.connection.prefix,
        "TACTFUL_GROUP": group or kafka.connection.prefix,
        "TACTFUL_STATE_DIR": str(folder / "state"),
    }
    terminal = Terminal(folder, given | env)
    return named(await asyncio.to_thread(doctor, terminal))


async def test_topics_that_are_not_the_contracts_are_found(kafka_of_ours: Kafka, tmp_path: Path) -> None:
    """Each difference by a name of its own, with the command that mends it."""
    faulty: dict[str, dict[str, str]] = {
        "user-events": {"message.timestamp.type": "LogAppendTime", "min.insync.replicas": "2"},
        "nudges": {"cleanup.policy": "compact"},
        "nudge-outcome": {"retention.ms": "1000", "max.message.bytes": "1000"},
        "nudge-pass": {},
        "nudge-state": {"segment.ms": "600000"},
        "nudge-controls": {},
    }
    contract = {topic.name: topic for topic in TOPICS}
    await create(
        kafka_of_ours,
        *(
            NewTopic(
                kafka_of_ours.place(name, 0).topic,
                1 if name in {"nudge-pass", "nudge-controls"} else 3,
                1,
                topic_configs=contract[name].config | config,
            )
            for name, config in faulty.items()
        ),
    )
    found = await asked(kafka_of_ours, tmp_path)
    prefix = kafka_of_ours.connection.prefix
    told = {name: found[name][0]["says"].partition(prefix)[2] for name in found}
    assert {name: told[name].split(":")[0].split(" ")[0] for name in told} == {
        "topic_missing": "dead-letter",
        "partitions_differ": "nudge-pass",
        "cleanup_differs": "nudges",
        "retention_differs": "nudge-outcome",
        "timestamps_differ": "user-events",
        "topic_setting_differs": "nudge-state",
        "copies_too_few": "user-events",
        "messages_too_small": "nudge-outcome",
        "nothing_decided": "",
        "model_scripted": "",
    }
    assert f"--entity-name {kafka_of_ours.place('nudges', 0).topic}" in found["cleanup_differs"][0]["do"]


async def test_what_stands_wrongly_in_the_topics_is_found(
    kafka_of_ours: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Positions, rows, switches, letters, local copies and the clock, all in one look that changes nothing."""
    await kafka_topics.apply(kafka_of_ours, partitions=3, replication=1)
    theirs = await _stands_wrongly(kafka_of_ours, tmp_path / "state")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 600)
    async with _open_transaction(kafka_of_ours):
        found = await asked(kafka_of_ours, tmp_path)
    monkeypatch.undo()
    assert set(found) >= {
        "input_made_anew",
        "retention_faster",
        "transaction_open",
        "group_leftovers",
        "nobody_at_work",
        "clock_behind_events",
        "clock_off",
        "rows_gone",
        "rows_newer",
        "partitions_added",
        "state_foreign",
        "state_damaged",
        "dead_letters",
        "kill_switch",
        "agents_paused",
        "switch_unknown",
    }
    assert found["clock_off"][0]["says"] == "this machine's clock is 600 s ahead of the brokers'"
    assert found["dead_letters"][0]["says"] == "1 within the last 24 h: 1 not_json"
    assert theirs in found["group_leftovers"][0]["says"]
    assert "was written for 7 partitions, and there are 3 now" in found["partitions_added"][0]["says"]


async def _stands_wrongly(kafka: Kafka, state: Path) -> str:
    """Partition 0: done beyond its end, and no row; 1: cut, and a newer head; 2: events wait, and other partitions."""
    appender = Appender(kafka)
    await appender.start()
    ahead, head = now_ms() + 60_000, msgspec.msgpack.encode
    switch = Control(paused=True, at=datetime.now(UTC), by="tests")
    newer = bytes([ROW_SCHEMA + 1]) + encode(Row(user_id="ana"))[1:]
    await appender.append(
        [
            *(NewRecord("user-events", b"a", b"{}", now_ms(), (), 1) for _ in range(5)),
            NewRecord("user-events", b"b", b"{}", ahead, (), 2),
            NewRecord(
                "nudge-state", HEAD_KEY.encode(), head(Head(schema=SCHEMA + 1, partitions=3)), 0, (), 1
            ),
            NewRecord("nudge-state", b"ana", newer, now_ms(), (), 1),
            NewRecord("nudge-state", HEAD_KEY.encode(), head(Head(partitions=7)), now_ms(), (), 2),
            NewRecord("dead-letter", b"c", b"{", now_ms(), (("tactful_reason", b"not_json"),), 0),
            *(NewRecord("nudge-controls", key, encoded(switch), now_ms()) for key in (b"*", b"digest", b"x")),
        ]
    )
    await appender.stop()
    admin = kafka.admin()
    await admin.start()
    try:
        await admin.delete_records({kafka.place("user-events", 1): RecordsToDelete(3)})
    finally:
        await admin.close()
    theirs = kafka.place("nudges", 0).topic
    done = {("user-events", 0): 9, ("user-events", 1): 1, ("user-events", 2): 0, ("nudges", 0): 0}
    await _commit(kafka, {kafka.place(*place): at for place, at in done.items()})
    name = kafka.place("nudge-state", 0).topic
    foreign = LocalRows(Store(state / f"{name}-0"))
    foreign.follows("another cluster/another topic")
    foreign.apply({}, 0)
    foreign.close()
    (state / f"{name}-1").mkdir()
    (state / f"{name}-1" / "CURRENT").write_text("nothing\n")
    return theirs


async def _commit(kafka: Kafka, done: dict[Any, int]) -> None:
    """As a worker, or another application in its group, would have left it."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.connection.bootstrap,
        group_id=kafka.connection.prefix,
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        places = {TopicPartition(*place): OffsetAndMetadata(at, "") for place, at in done.items()}
        consumer.assign(list(places))
        await consumer.commit(places)
    finally:
        await consumer.stop()


@asynccontextmanager
async def _open_transaction(kafka: Kafka) -> AsyncIterator[None]:
    """A service's, in partition 2 of the input."""
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.connection.bootstrap,
        transactional_id=f"{kafka.connection.prefix}service",
        transaction_timeout_ms=60_000,
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(kafka.place("user-events", 2).topic, b"{}", key=b"b", partition=2)
        yield
        await producer.abort_transaction()
    finally:
        await producer.stop()


async def test_a_group_that_others_use_is_found(kafka_of_ours: Kafka, tmp_path: Path) -> None:
    """A member that reads another topic; one that shares out by other rules, and lets an old event wait."""
    await kafka_topics.apply(kafka_of_ours, partitions=1, replication=1)
    appender = Appender(kafka_of_ours)
    await appender.start()
    row = encode(Row(user_id="ana"))
    await appender.append(
        [
            NewRecord("user-events", b"ana", b"{}", now_ms() - HOUR_MS),
            NewRecord("nudge-state", HEAD_KEY.encode(), msgspec.msgpack.encode(Head()), now_ms()),
            NewRecord("nudge-state", b"ana", row, now_ms()),
        ]
    )
    await appender.stop()
    fresh = await asked(kafka_of_ours, tmp_path)
    assert set(fresh) >= {"nothing_decided", "no_consents"}
    assert "no_events" not in fresh
    await _commit(kafka_of_ours, {kafka_of_ours.place("user-events", 0): 0})
    says = []
    for topic in ("nudges", "user-events"):
        async with _member(kafka_of_ours, topic):
            found = await asked(kafka_of_ours, tmp_path)
        says.append(found["group_shared"][0]["says"])
        assert "has waited for 60 min" in found["falling_behind"][0]["says"]
    assert says[0].startswith("stranger at ")
    assert "shares partitions out by 'roundrobin', and workers by 'sticky'" in says[1]


@asynccontextmanager
async def _member(kafka: Kafka, topic: str) -> AsyncIterator[None]:
    """Another application that took our group's name; it leaves what it reads uncommitted."""
    consumer = AIOKafkaConsumer(
        kafka.place(topic, 0).topic,
        bootstrap_servers=kafka.connection.bootstrap,
        client_id="stranger",
        group_id=kafka.connection.prefix,
        enable_auto_commit=False,
        partition_assignment_strategy=(RoundRobinPartitionAssignor,),
    )
    await consumer.start()
    try:
        yield
    finally:
        await consumer.stop()


async def test_a_silent_deployment_is_told(kafka_of_ours: Kafka, tmp_path: Path) -> None:
    """Everything is in order, and nothing happens."""
    await kafka_topics.apply(kafka_of_ours, partitions=1, replication=1)
    assert set(await asked(kafka_of_ours, tmp_path)) == {"nothing_decided", "no_events", "model_scripted"}


def _local(**more: Any) -> LocalKafka:
    try:
        return LocalKafka(**more)
    except NoBrokerError as missing:
        pytest.skip(f"only a broker of our own can be set so: {missing}")


@pytest.fixture
def wayward(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[LocalKafka, str]]:
    """A broker whose own settings refuse a worker, and that names an address which nobody can reach."""
    port, nowhere = free_ports(2)
    broker = _local(
        port=port,
        listeners={"LOST": "PLAINTEXT"},
        properties={
            "transaction.max.timeout.ms": "10000",
            "transaction.state.log.replication.factor": "3",
            "offsets.topic.replication.factor": "3",
            "group.min.session.timeout.ms": "20000",
        },
    )
    advertised = f"PLAINTEXT://{broker.address},LOST://{LOOPBACK}:{nowhere}"
    broker._more["advertised.listeners"] = advertised
    for tries in ("TRANSACTION_TRIES", "GROUP_TRIES"):
        monkeypatch.setattr(kafka_standing, tries, 1)
    with broker:
        yield broker, broker.listeners["LOST"]


@pytest.mark.slow
@pytest.mark.kafka
async def test_brokers_whose_own_settings_refuse_a_worker_are_found(
    wayward: tuple[LocalKafka, str], tmp_path: Path
) -> None:
    """No transactions, too short ones, another session, no group; and an address that is named and does not answer."""
    broker, lost = wayward
    kafka = Kafka(Connection(bootstrap=broker.address, prefix="ours-"))
    await kafka_topics.apply(kafka, partitions=1, replication=1)
    found = await asked(kafka, tmp_path)
    assert {"transactions_too_short", "transactions_away", "session_refused"} <= set(found)
    assert "answers GroupCoordinatorNotAvailableError" in found["broker_trouble"][0]["says"]
    assert "TACTFUL_KAFKA__SESSION_TIMEOUT=20000ms" in found["session_refused"][0]["do"]
    found = await asked(kafka, tmp_path, TACTFUL_LOG=f"kafka://{lost}")
    assert list(found) == ["broker_half_reached", "model_scripted"]
