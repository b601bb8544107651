"""Sends events (JSON lines on stdin) to a topic: `python python_aiokafka.py HOST:PORT TOPIC`."""

import asyncio
import json
import sys

from aiokafka import AIOKafkaProducer


async def main(address: str, topic: str) -> None:
    """The default partitioner is Java's: give none of your own."""
    producer = AIOKafkaProducer(bootstrap_servers=address, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        sent = []
        for line in sys.stdin.buffer:
            key = json.loads(line)["user_id"].encode()
            sent.append(await producer.send(topic, line.rstrip(b"\n"), key=key))
        await asyncio.gather(*sent)  # raises what could not be written
    finally:
        await producer.stop()


asyncio.run(main(*sys.argv[1:]))
