"""What this client may do with each topic, in the broker's own words."""

from __future__ import annotations

from typing import Any

from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from app.drivers.kafka_client import Kafka

OPERATIONS = {
    3: "read",
    4: "write",
    5: "create",
    6: "delete",
    7: "alter",
    8: "describe",
    10: "describe_configs",
}
"""The operations of an ACL by their code, those that a topic can have; the code is also the bit of the answer."""


async def permissions(kafka: Kafka) -> dict[str, frozenset[str]] | None:
    """By topic, those that this client may describe at all; None when the broker is too old to say (before 2.3)."""
    admin = kafka.admin()
    try:
        await admin.start()
        answer = await admin._send_request(_PermissionsRequest())  # noqa: SLF001 - aiokafka has no request for it
    except (IncompatibleBrokerVersion, NotImplementedError):
        return None
    finally:
        await admin.close()
    return {
        topic["topic"]: frozenset(name for bit, name in OPERATIONS.items() if topic["operations"] >> bit & 1)
        for topic in answer.to_object()["topics"]
        if topic["error_code"] == 0
    }


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
    """All topics; none is created by asking."""

    API_KEY = 3

    def build(self, request_struct_class: type[_Struct]) -> Any:
        return request_struct_class(None, False, False, True)
