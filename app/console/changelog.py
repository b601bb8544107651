"""The table's own topic: made before Faust would make it, with the cluster's own replication."""

from __future__ import annotations

from datetime import timedelta

from app.drivers.kafka_client import Kafka, KafkaError, NewTopic, for_code
from app.drivers.kafka_topics import BROKERS_DEFAULT
from app.outside.log import OutOfReachError
from topics.topic import milliseconds

MAX_BYTES = 2 * 1024 * 1024
"""As the broker takes in `dead-letter`; a person's row here is far below its default of 1 MB."""


SETTINGS = {
    "cleanup.policy": "compact",
    "max.message.bytes": str(MAX_BYTES),
    # What was dropped from a row, and an erased person's rows, are gone from the segments within some two days.
    "segment.ms": milliseconds(timedelta(days=1)),
    "max.compaction.lag.ms": milliseconds(timedelta(days=1)),
}


async def ensure(kafka: Kafka, name: str, *, partitions: int) -> None:
    """The topic is there when this returns; OutOfReachError says what to do when it cannot be."""
    admin = kafka.admin()
    try:
        await admin.start()
        topic = NewTopic(name, partitions, BROKERS_DEFAULT, replica_assignments={}, topic_configs=SETTINGS)
        answer = await admin.create_topics([topic])
        for _, code, *said in answer.topic_errors:
            if code and for_code(code).__name__ != "TopicAlreadyExistsError":
                raise OutOfReachError(
                    f"the console's own topic {name} cannot be made ({(said or [''])[0] or for_code(code).__name__})",
                    "grant what `tactful doctor --rights console` prints, or make it beforehand",
                )
    except KafkaError as error:
        says = f"the console's own topic {name} cannot be made ({type(error).__name__})"
        raise OutOfReachError(says, "look at the brokers, then try again") from None
    finally:
        await admin.close()
