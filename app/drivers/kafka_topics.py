"""The contract's topics on a broker: what lacks is created, what differs is named and refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from app.drivers.kafka_client import ConfigResource, ConfigResourceType, Kafka, NewTopic, for_code
from app.drivers.kafka_takeover import Refused
from topics import TOPICS, Topic
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

VISIBLE_WITHIN_S = 30.0
BROKERS_DEFAULT = -1
"""A replication factor that leaves the choice to the cluster."""
TOPIC_REFUSED = 29
"""The protocol's error code for a topic's missing right."""
STORY: Mapping[str, str] = {
    "retention.ms": "-1",
    "message.timestamp.before.max.ms": str(2**63 - 1),
    "message.timestamp.after.max.ms": str(2**63 - 1),
}
"""Settings of a story's topics: it may be told in any year."""


class TopicError(Exception):
    """The broker refused something; the message is its own."""


@dataclass(frozen=True, slots=True)
class Copies:
    """Where a partition is: its leader, -1 without one, the brokers that hold it, and those of them in sync."""

    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Present:
    """A topic as the broker has it."""

    copies: tuple[Copies, ...]
    config: Mapping[str, str] | None
    """None when they were not asked for, or this user may not see them."""

    @property
    def partitions(self) -> int:
        return len(self.copies)


@dataclass(frozen=True, slots=True)
class Different:
    """A setting of a topic that is not the contract's, or with `key` None its number of partitions."""

    key: str | None
    says: str
    do: str

    def __str__(self) -> str:
        return f"{self.says}; {self.do}"


@dataclass(slots=True)
class Report:
    """What `apply` created, or would, and what differs: each a sentence that says what to do."""

    created: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    differing: list[Different] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    """Topics whose settings this user may not see."""
    present: Mapping[str, Present] = field(default_factory=dict)
    """Those that are there, by their name without the prefix."""

    @property
    def fine(self) -> bool:
        """Whether all topics are there and known to be as the contract has them."""
        return not (self.lacking or self.differing or self.unseen)


async def partitions(kafka: Kafka) -> int:
    """Over how many partitions people are spread; Refused when the topics do not agree, or lack."""
    async with _admin(kafka) as admin:
        present = await _present(kafka, admin, TOPICS, with_config=False)
    lacking = [_named(kafka, topic) for topic in TOPICS if topic.name not in present]
    if lacking:
        message = f"there is no topic {', '.join(lacking)}: create what lacks with `tactful topics apply`"
        raise Refused(message)
    count = present[NUDGE_STATE.name].partitions
    for topic in TOPICS:
        if (found := present[topic.name].partitions) != topic.partitions(count):
            raise Refused(str(_wrong_number(_named(kafka, topic), found, topic.partitions(count))))
    return count


async def check(kafka: Kafka, *, settings: Mapping[str, str] | None = None) -> Report:
    """How the broker's topics compare with the contract; changes nothing."""
    async with _admin(kafka) as admin:
        present = await _present(kafka, admin, TOPICS, with_config=True)
    report = Report(present=present)
    state, events = present.get(NUDGE_STATE.name), present.get(USER_EVENTS.name)
    count = state.partitions if state is not None else events.partitions if events is not None else None
    for topic in TOPICS:
        name, found = _named(kafka, topic), present.get(topic.name)
        if found is None:
            report.lacking.append(name)
            continue
        if count is not None and found.partitions != topic.partitions(count):
            report.differing.append(_wrong_number(name, found.partitions, topic.partitions(count)))
        if found.config is None:
            report.unseen.append(name)
            continue
        for key, wanted in (topic.config | dict(settings or {})).items():
            has = found.config.get(key)
            # What the broker does not know at all it cannot be held to.
            if has is not None and has != wanted:
                report.differing.append(
                    Different(key, f"{name}: {key} is {has}, not {wanted}", altered(name, key, wanted))
                )
    return report


async def apply(
    kafka: Kafka,
    *,
    partitions: int,
    replication: int = BROKERS_DEFAULT,
    settings: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> Report:
    """Create what lacks; what is there and differs is only reported, since it may hold people's data.

    `settings` are laid over each topic's own (a story's, see STORY).
    """
    report = await check(kafka, settings=settings)
    by_name = {_named(kafka, topic): topic for topic in TOPICS}
    wanted = [
        NewTopic(
            name,
            by_name[name].partitions(partitions),
            replication,
            # aiokafka wants the one or the other said, though the broker takes its own default for both.
            replica_assignments={} if replication == BROKERS_DEFAULT else None,
            topic_configs=by_name[name].config | dict(settings or {}),
        )
        for name in report.lacking
    ]
    if not dry_run and wanted:
        async with _admin(kafka) as admin:
            answer = await admin.create_topics(wanted)
            for name, code, *said in answer.topic_errors:
                if code and for_code(code).__name__ != "TopicAlreadyExistsError":
                    raise TopicError(f"{name}: {(said or [''])[0] or for_code(code).description}")
            await _until_there(admin, report.lacking)
    report.created, report.lacking = report.lacking, []
    return report


async def delete(kafka: Kafka) -> None:
    """Remove all topics of this deployment; only for one with a prefix, such as a story's."""
    if not kafka.connection.prefix:
        raise TopicError("topics without a prefix are nobody's to delete here: use kafka-topics.sh")
    async with _admin(kafka) as admin:
        present = await _present(kafka, admin, TOPICS, with_config=False)
        if present:
            await admin.delete_topics([kafka.place(name, 0).topic for name in present])


@asynccontextmanager
async def _admin(kafka: Kafka) -> AsyncIterator[Any]:
    admin = kafka.admin()
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _until_there(admin: Any, names: Sequence[str]) -> None:
    """A topic that was created is known to every broker, with leaders, a moment later."""
    async with asyncio.timeout(VISIBLE_WITHIN_S):
        while True:
            leading = {
                found["topic"]
                for found in await admin.describe_topics()
                if found["partitions"] and all(each["leader"] >= 0 for each in found["partitions"])
            }
            if leading.issuperset(names):
                return
            await asyncio.sleep(0.02)


async def _present(
    kafka: Kafka, admin: Any, topics: Iterable[Topic], *, with_config: bool
) -> dict[str, Present]:
    """By name without the prefix. All topics are asked for: asking for one by name may create it."""
    names = {_named(kafka, topic): topic.name for topic in topics}
    described = {found["topic"]: found["partitions"] for found in await admin.describe_topics()}
    there = [name for name in names if name in described]
    configs = await _configs(admin, there) if with_config and there else {}
    return {
        names[name]: Present(
            copies=tuple(
                Copies(each["leader"], tuple(each["replicas"]), tuple(each["isr"]))
                for each in described[name]
            ),
            config=configs.get(name),
        )
        for name in there
    }


async def _configs(admin: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources):
        for code, said, _, name, entries in response.resources:
            if code == TOPIC_REFUSED:
                continue
            if code:
                raise TopicError(f"{name}: {said or for_code(code).description}")
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return configs


def _named(kafka: Kafka, topic: Topic) -> str:
    return kafka.place(topic.name, 0).topic


def altered(name: str, key: str, value: str) -> str:
    """What is to be done to give a topic another setting."""
    return (
        f"set it with kafka-configs.sh --alter --entity-type topics --entity-name {name} "
        f"--add-config {key}={value}"
    )


def _wrong_number(name: str, found: int, wanted: int) -> Different:
    return Different(
        None,
        f"{name} has {found} partitions, not {wanted}: people would be in other partitions than their rows",
        "the number is fixed when nudge-state is first written: to have another, move to new topics with another "
        "TACTFUL_TOPIC_PREFIX",
    )
