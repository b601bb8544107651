"""Which cluster and which topics these are, and what its time is: in the broker's own words, and nothing is written."""

from __future__ import annotations

import time
from typing import Any

from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

from app.drivers.kafka_client import Kafka

METADATA_LOG = "__cluster_metadata"
"""The topic of the brokers' own quorum, whose leader tells its time."""
TOO_OLD = (IncompatibleBrokerVersion, NotImplementedError)
"""What aiokafka says when a broker does not know a question."""
_TAGS = ("tags", TaggedFields)
_NO_TAGS: dict[int, bytes] = {}


async def identity(kafka: Kafka, topic: str) -> str | None:
    """What tells a topic from one of the same name elsewhere, or made anew; None on brokers before 2.8."""
    admin = kafka.admin()
    name = kafka.place(topic, 0).topic
    try:
        await admin.start()
        answer = await admin._send_request(_TopicRequest(name))  # noqa: SLF001 - aiokafka has no request for it
    except TOO_OLD:
        return None
    finally:
        await admin.close()
    for _, found, high, low, *_ in answer.topics:
        if found == name and (high or low):
            return f"{answer.cluster_id}/{high & 2**64 - 1:016x}{low & 2**64 - 1:016x}"
    return None


async def ahead_s(kafka: Kafka) -> float | None:
    """By how many seconds the brokers' clock is ahead of this machine's, to the time that asking takes.

    None when they do not say: before 3.3, or to a user without Describe on the cluster, which no worker needs.
    """
    admin = kafka.admin()
    try:
        await admin.start()
        began = time.time()
        answer = await admin._send_request(_QuorumRequest())  # noqa: SLF001 - aiokafka has no request for it
        ended = time.time()
    except TOO_OLD:
        return None
    finally:
        await admin.close()
    theirs = [
        caught_up
        for _, partitions, _ in answer.topics
        for _, _, leader, _, _, voters, *_ in partitions
        for replica, _, _, caught_up, _ in voters
        if replica == leader and caught_up > 0
    ]
    if answer.error_code or not theirs:
        return None
    # Between the two it was asked, so it is off by no more than half of what that took.
    return float(theirs[0]) / 1000 - (began + ended) / 2


class _TopicAnswer(Response):
    """Metadata v10, the first with a topic's id; an id is two numbers here, since aiokafka has no type for it."""

    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                _TAGS,
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString("utf-8")),
                ("high", Int64),
                ("low", Int64),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        _TAGS,
                    ),
                ),
                ("operations", Int32),
                _TAGS,
            ),
        ),
        ("cluster_operations", Int32),
        _TAGS,
    )


class _TopicStruct(RequestStruct):
    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _TopicAnswer
    SCHEMA = Schema(
        ("topics", CompactArray(("high", Int64), ("low", Int64), ("topic", CompactString("utf-8")), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
        _TAGS,
    )


class _TopicRequest(Request[_TopicStruct]):
    """One topic by name; it is not created by asking."""

    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_TopicStruct]) -> Any:
        return request_struct_class([(0, 0, self._topic, _NO_TAGS)], False, False, False, _NO_TAGS)


_REPLICAS = CompactArray(
    ("replica", Int32),
    ("log_end_offset", Int64),
    ("last_fetch_ms", Int64),
    ("last_caught_up_ms", Int64),
    _TAGS,
)


class _QuorumAnswer(Response):
    """DescribeQuorum v1, the first with the times at which the voters were caught up: of the leader itself, now."""

    API_KEY = 55
    API_VERSION = 1
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "topics",
            CompactArray(
                ("topic", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("high_watermark", Int64),
                        ("voters", _REPLICAS),
                        ("observers", _REPLICAS),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _QuorumStruct(RequestStruct):
    API_KEY = 55
    API_VERSION = 1
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _QuorumAnswer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic", CompactString("utf-8")),
                ("partitions", CompactArray(("partition", Int32), _TAGS)),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _QuorumRequest(Request[_QuorumStruct]):
    """Any broker hands it on to the leader of the quorum."""

    API_KEY = 55

    def build(self, request_struct_class: type[_QuorumStruct]) -> Any:
        return request_struct_class([(METADATA_LOG, [(0, _NO_TAGS)], _NO_TAGS)], _NO_TAGS)
