"""The contract's topics on a broker: created where they lack, left alone and named where they differ."""

from __future__ import annotations

import uuid

import pytest

from app.drivers import kafka_topics
from app.drivers.kafka_client import Connection, Kafka, NewTopic
from app.drivers.kafka_takeover import Refused
from app.drivers.kafka_topics import TopicError
from tests.kafka.deployment import PARTITIONS, Deployment, create
from topics import TOPICS


async def test_what_lacks_is_created_as_the_contract_says(topics: Deployment) -> None:
    """Settings, partitions, and the topics of one partition."""
    report = await kafka_topics.check(topics.kafka, settings=kafka_topics.STORY)
    assert report.fine, report
    assert await kafka_topics.partitions(topics.kafka) == PARTITIONS


async def test_a_dry_run_changes_nothing(kafka: str) -> None:
    """It says what would be created."""
    nobodys = Kafka(Connection(bootstrap=kafka, prefix=f"t{uuid.uuid4().hex[:8]}-"))
    report = await kafka_topics.apply(nobodys, partitions=3, replication=1, dry_run=True)
    assert len(report.created) == len(TOPICS)
    assert len((await kafka_topics.check(nobodys)).lacking) == len(TOPICS)
    with pytest.raises(Refused, match="tactful topics apply"):
        await kafka_topics.partitions(nobodys)


async def test_what_differs_is_named_and_left_alone(kafka: str) -> None:
    """A setting and a number of partitions, each with what to do; the rest is created."""
    ours = Kafka(Connection(bootstrap=kafka, prefix=f"t{uuid.uuid4().hex[:8]}-"))
    nudges, passes = (ours.place(name, 0).topic for name in ("nudges", "nudge-pass"))
    await create(ours, NewTopic(nudges, 3, 1, None, {"cleanup.policy": "compact"}), NewTopic(passes, 1, 1))
    try:
        report = await kafka_topics.apply(ours, partitions=3, replication=1)
        assert len(report.created) == len(TOPICS) - 2
        assert not report.fine
        assert any(f"{nudges}: cleanup.policy is compact, not delete" in str(one) for one in report.differing)
        with pytest.raises(Refused, match="nudge-pass has 1 partitions, not 3"):
            await kafka_topics.partitions(ours)
        again = await kafka_topics.check(ours)
        assert not again.lacking
        assert any("nudge-pass has 1 partitions, not 3" in str(one) for one in again.differing)
    finally:
        await kafka_topics.delete(ours)


async def test_topics_without_a_prefix_are_never_deleted(kafka: str) -> None:
    """They may be somebody's production."""
    with pytest.raises(TopicError, match="without a prefix"):
        await kafka_topics.delete(Kafka(Connection(bootstrap=kafka)))


async def test_the_brokers_default_replication_may_be_left_to_it(kafka: str) -> None:
    """Without a number the cluster decides."""
    ours = Kafka(Connection(bootstrap=kafka, prefix=f"t{uuid.uuid4().hex[:8]}-"))
    try:
        report = await kafka_topics.apply(ours, partitions=2)
        assert len(report.created) == len(TOPICS)
        assert (await kafka_topics.check(ours)).fine
    finally:
        await kafka_topics.delete(ours)
