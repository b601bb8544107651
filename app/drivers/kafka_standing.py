"""What brokers say of a group, of their coordinators and of their own settings; nothing is written or joined."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata

from app.drivers.kafka_client import ConfigResource, ConfigResourceType, Kafka, KafkaError, Place

GROUP_TRIES, TRANSACTION_TRIES, BETWEEN_S = 20, 10, 0.5
"""Of a cluster that never had a group or a transaction, the broker makes the topic for them first."""
GROUP_COORDINATOR, TRANSACTION_COORDINATOR = 0, 1
"""The protocol's kinds of coordinator."""
OUR_PROTOCOL = "sticky"
"""How workers share partitions out among themselves."""
SETTINGS = ("transaction.max.timeout.ms", "group.min.session.timeout.ms", "group.max.session.timeout.ms")
"""The brokers' own settings that a worker depends on."""


@dataclass(frozen=True, slots=True)
class Member:
    """Who takes part in a group, and which topics it wants, as far as it tells that in the usual form."""

    client_id: str
    host: str
    topics: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A group as of now; `offsets` are what it has committed, of whichever topics."""

    protocol: str
    members: Sequence[Member]
    offsets: Mapping[Place, int]


async def group(kafka: Kafka, name: str) -> Standing:
    """Who is in the group, and how far it says it is."""
    admin = kafka.admin()
    try:
        await admin.start()
        await _patiently(lambda: admin.find_coordinator(name, GROUP_COORDINATOR), GROUP_TRIES)
        offsets = await _patiently(lambda: admin.list_consumer_group_offsets(name), GROUP_TRIES)
        answers = await _patiently(lambda: admin.describe_consumer_groups([name]), GROUP_TRIES)
    finally:
        await admin.close()
    found = answers[0].to_object()["groups"][0]
    members = [
        Member(each["client_id"], each["client_host"], _topics(each["member_metadata"]))
        for each in found["members"]
    ]
    return Standing(
        protocol=found["protocol"],
        members=members,
        offsets={Place(place.topic, place.partition): at.offset for place, at in offsets.items()},
    )


async def coordinates_transactions(kafka: Kafka, transactional_id: str) -> bool:
    """Whether the brokers have a coordinator for it; of a new cluster they make its topic within seconds."""
    admin = kafka.admin()
    try:
        await admin.start()
        name = kafka.connection.prefix + transactional_id
        await _patiently(lambda: admin.find_coordinator(name, TRANSACTION_COORDINATOR), TRANSACTION_TRIES)
    except KafkaError as error:
        if "CoordinatorNotAvailable" not in type(error).__name__:
            raise
        return False
    finally:
        await admin.close()
    return True


async def own_settings(kafka: Kafka) -> dict[str, int]:
    """Those of SETTINGS that a broker has and lets this user see, in milliseconds."""
    admin = kafka.admin()
    try:
        await admin.start()
        brokers = (await admin.describe_cluster())["brokers"]
        asked = ConfigResource(
            ConfigResourceType.BROKER, str(brokers[0]["node_id"]), configs=dict.fromkeys(SETTINGS, "")
        )
        answers = await admin.describe_configs([asked])
    finally:
        await admin.close()
    return {
        entry[0]: int(entry[1])
        for answer in answers
        for code, _, _, _, entries in answer.resources
        if not code
        for entry in entries
        if entry[1]
    }


async def brokers(kafka: Kafka) -> int:
    """How many brokers the cluster has now."""
    admin = kafka.admin()
    try:
        await admin.start()
        return len((await admin.describe_cluster())["brokers"])
    finally:
        await admin.close()


async def _patiently(ask: Callable[[], Coroutine[Any, Any, Any]], tries: int) -> Any:
    for _ in range(tries):
        try:
            return await ask()
        except KafkaError as error:
            if "Coordinator" not in type(error).__name__:
                raise
        await asyncio.sleep(BETWEEN_S)
    return await ask()


def _topics(metadata: bytes | None) -> tuple[str, ...] | None:
    """What a consumer subscribes to; other kinds of members, and newer kinds of groups, say it in other ways."""
    if not metadata:
        return None
    try:
        return tuple(ConsumerProtocolMemberMetadata.decode(BytesIO(metadata)).subscription)
    except (ValueError, TypeError, UnicodeDecodeError):
        return None
