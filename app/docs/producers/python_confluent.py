"""Sends events (JSON lines on stdin) to a topic: `python python_confluent.py HOST:PORT TOPIC`."""

import json
import sys

from confluent_kafka import Producer

address, topic = sys.argv[1:]
failed = []
producer = Producer(
    {
        "bootstrap.servers": address,
        "enable.idempotence": True,
        # librdkafka's own default is another hash (CRC32): with it most people's events go elsewhere.
        "partitioner": "murmur2_random",
    }
)


def written(error, _record) -> None:
    """Keep what could not be written."""
    if error is not None:
        failed.append(str(error))


for line in sys.stdin.buffer:
    key = json.loads(line)["user_id"].encode()
    producer.produce(topic, value=line.rstrip(b"\n"), key=key, on_delivery=written)
    producer.poll(0)
producer.flush()
if failed:
    sys.exit(f"{len(failed)} events were not written; the first: {failed[0]}")
