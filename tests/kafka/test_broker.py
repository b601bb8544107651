"""The broker of the tests does what the driver stands on: transactions."""

from __future__ import annotations

import uuid

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


async def test_a_transaction_is_seen_whole_or_not_at_all(kafka: str) -> None:
    """A reader of committed records sees what was committed, and nothing of what was aborted."""
    topic = f"smoke-{uuid.uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
        await _write(kafka, topic, b"aborted", commit=False)
        await _write(kafka, topic, b"committed", commit=True)
        assert await _committed(kafka, topic) == [b"committed"]
    finally:
        await admin.delete_topics([topic])
        await admin.close()


async def _write(kafka: str, topic: str, value: bytes, *, commit: bool) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, transactional_id=f"{topic}-writer", retry_backoff_ms=20
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, value)
        await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()


async def _committed(kafka: str, topic: str) -> list[bytes]:
    place = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, isolation_level="read_committed", auto_offset_reset="none"
    )
    await consumer.start()
    try:
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        consumer.seek(place, 0)
        values: list[bytes] = []
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                values += [record.value for record in records if record.value is not None]
        return values
    finally:
        await consumer.stop()
