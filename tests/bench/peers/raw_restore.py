"""The ceiling of a restore: aiokafka reads a changelog to its end, rocksdict writes each batch as it comes."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from rocksdict import Options, Rdict, WriteBatch


async def main(address: str, topic: str, partitions: str) -> None:
    places = [TopicPartition(topic, number) for number in range(int(partitions))]
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    stores = {place: Rdict(str(Path.cwd() / str(place.partition)), options) for place in places}
    consumer = AIOKafkaConsumer(
        bootstrap_servers=address, enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    begun = time.monotonic()
    ends = await consumer.end_offsets(places)
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    count = 0
    left = set(places)
    while left:
        for place, batch in (await consumer.getmany(timeout_ms=200)).items():
            writes = WriteBatch(raw_mode=True)
            for record in batch:
                writes.put(record.key, record.value)
            stores[place].write(writes)
            count += len(batch)
        left = {place for place in left if await consumer.position(place) < ends[place]}
    seconds = time.monotonic() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    answer = {"events": count, "seconds": seconds, "cpu_s": used.ru_utime + used.ru_stime}
    sys.stdout.write(json.dumps(answer) + "\n")
    await consumer.stop()
    for store in stores.values():
        store.close()


uvloop.run(main(*sys.argv[1:]))
