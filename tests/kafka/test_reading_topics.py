"""A topic read from outside: what is committed, from a time on, or of one person."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from app.drivers.kafka_client import UnknownTopicOrPartitionError
from app.drivers.kafka_read_topic import read_topic
from tests.kafka.deployment import NOON_MS, Deployment
from topics.record import NewRecord, Record


def said(user: str, value: bytes, minutes: int = 0) -> NewRecord:
    return NewRecord("user-events", user.encode(), value, NOON_MS + minutes * 60_000)


async def read(topics: Deployment, topic: str = "user-events", **given: object) -> list[Record]:
    return [record async for record in read_topic(topics.kafka, topic, **given)]  # type: ignore[arg-type]  # as given


async def test_a_topic_is_read_from_its_beginning_to_its_end(topics: Deployment) -> None:
    """All partitions, each in its order."""
    await topics.appender.append([said(f"user-{n}", b"%d" % m) for m in range(3) for n in range(10)])
    records = await read(topics)
    assert len(records) == 30
    assert [r.value for r in records if r.key == b"user-7"] == [b"0", b"1", b"2"]
    assert {record.topic for record in records} == {"user-events"}
    assert await read(topics, "nudges") == []


async def test_one_persons_records_come_from_the_one_partition_of_the_key(topics: Deployment) -> None:
    """Others in the same partition are left out."""
    neighbour = next(
        user for n in range(1000) if (user := f"person-{n}") and topics.home(user) == topics.home("ana")
    )
    await topics.appender.append([said("ana", b"1"), said(neighbour, b"?"), said("ana", b"2")])
    assert [record.value for record in await read(topics, user="ana")] == [b"1", b"2"]


async def test_reading_may_begin_at_a_time(topics: Deployment) -> None:
    """By the log's own timestamps; later than everything reads nothing."""
    await topics.appender.append([said("ana", b"early"), said("ana", b"late", minutes=5)])
    noon = datetime.fromtimestamp(NOON_MS / 1000, UTC)
    assert [record.value for record in await read(topics, since=noon.replace(minute=3))] == [b"late"]
    assert await read(topics, since=noon.replace(hour=13)) == []


async def test_what_is_not_committed_is_not_shown(topics: Deployment) -> None:
    """Neither what stands in an open transaction, nor what stands behind it."""
    producer = topics.kafka.producer("somebody")
    await producer.start()
    name = topics.kafka.place("user-events", topics.home("ana")).topic
    await topics.appender.append([said("ana", b"before")])
    await producer.begin_transaction()
    await producer.send_and_wait(name, b"open", key=b"ana", partition=topics.home("ana"))
    await topics.appender.append([said("ana", b"behind")])
    assert [record.value for record in await read(topics, user="ana")] == [b"before"]
    await producer.abort_transaction()
    await producer.stop()


async def test_a_topic_may_be_followed(topics: Deployment) -> None:
    """What comes later is shown when it comes."""
    await topics.appender.append([said("ana", b"1")])
    following = read_topic(topics.kafka, "user-events", user="ana", follow=True)
    async with asyncio.timeout(10):
        assert (await anext(following)).value == b"1"
        await topics.appender.append([said("ana", b"2")])
        assert (await anext(following)).value == b"2"
    await following.aclose()


async def test_a_topic_that_is_not_there_is_an_error(topics: Deployment) -> None:
    """Not an empty one."""
    with pytest.raises(UnknownTopicOrPartitionError):
        await read(topics, "nobodys")
