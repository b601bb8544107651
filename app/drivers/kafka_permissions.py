"""What this client may do, in the broker's own words; nothing is written, and no group is joined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.transaction import AddOffsetsToTxnRequest
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from app.drivers.kafka_client import Kafka
from app.drivers.kafka_takeover import Refused
from app.drivers.kafka_topics import TOPIC_REFUSED
from topics.rights import Right

OPERATIONS = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Describe": 8,
    "DescribeConfigs": 10,
}
"""The operations of an ACL by their code, which is also the bit of the answer."""
UNKNOWN_TOPIC, GROUP_REFUSED, TRANSACTION_REFUSED = 3, 30, 53
"""The protocol's error codes."""
NOBODY = -1
"""No producer and no generation of a group has this number: what comes of it is an error, and no effect."""


async def lacking(kafka: Kafka, rights: Sequence[Right]) -> list[Right] | None:
    """Those that this client does not have; None when the broker is too old to say (before 2.3).

    A topic that is not there lacks no right, as far as this client may know that it is not there.
    """
    admin = kafka.admin()
    try:
        await admin.start()
        allowed = await _topics(admin, {right.name for right in rights if right.resource == "topic"})
        return [right for right in rights if not await _has(admin, right, allowed)]
    except (IncompatibleBrokerVersion, NotImplementedError):
        return None
    finally:
        await admin.close()


async def demand(kafka: Kafka, rights: Sequence[Right]) -> None:
    """Refused when one lacks: found later, each would stop something else, and somewhere else."""
    lacks = await lacking(kafka, rights)
    if lacks:
        says = ", ".join(map(str, lacks))
        raise Refused(f"this user lacks {says}: `tactful doctor` prints the commands that grant it")


async def _has(admin: Any, right: Right, allowed: dict[str, int | None]) -> bool:
    match right.resource:
        case "topic":
            bits = allowed[right.name]
            return bits is None or bool(bits >> OPERATIONS[right.operation] & 1)
        case "group":
            return await _may_use_group(admin, right.name)
        case "transactional-id":
            return await _may_transact(admin, right.name)


async def _topics(admin: Any, names: Iterable[str]) -> dict[str, int | None]:
    """By name the bits of what is allowed, 0 when not even looking is, None when it is not there."""
    answer = await admin._send_request(_PermissionsRequest(sorted(names)))  # noqa: SLF001 - aiokafka has no request for it
    found: dict[str, int | None] = {}
    for topic in answer.to_object()["topics"]:
        match topic["error_code"]:
            case code if code == UNKNOWN_TOPIC:
                found[topic["topic"]] = None
            case code if code == TOPIC_REFUSED:
                found[topic["topic"]] = 0
            case _:
                found[topic["topic"]] = topic["operations"]
    return found


async def _may_use_group(admin: Any, group: str) -> bool:
    """A sign of life of a member that does not exist: whoever may read in the group is told that it does not."""
    request = HeartbeatRequest(group, NOBODY, "nobody")
    answer = await admin._send_request(request)  # noqa: SLF001 - as above
    return bool(answer.error_code != GROUP_REFUSED)


async def _may_transact(admin: Any, prefix: str) -> bool:
    """Offsets for a transaction of a producer that does not exist: the right is looked at before the producer.

    Beginning one, as a worker does, would put out the worker that has it.
    """
    request = AddOffsetsToTxnRequest(f"{prefix}0", NOBODY, NOBODY, "nobody")
    answer = await admin._send_request(request)  # noqa: SLF001 - as above
    return bool(answer.error_code != TRANSACTION_REFUSED)


class _Answer(Response):
    """Metadata v8, which says what the client may do where it is asked to."""

    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(
                ("node_id", Int32),
                ("host", String("utf-8")),
                ("port", Int32),
                ("rack", String("utf-8")),
            ),
        ),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("operations", Int32),
            ),
        ),
        ("cluster_operations", Int32),
    )


class _Struct(RequestStruct):
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
    )


class _PermissionsRequest(Request[_Struct]):
    """Topics by name, since only so a broker says that one is hidden; none is created by asking."""

    API_KEY = 3

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_Struct]) -> Any:
        return request_struct_class(self._topics, False, False, True)
