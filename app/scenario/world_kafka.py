"""A story's world on a broker: topics under a prefix of their own, removed when the story is over."""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.core import row
from app.core.head import HEAD_KEY
from app.deployment import connection
from app.drivers import kafka_topics
from app.drivers.kafka_append import Appender
from app.drivers.kafka_client import Kafka, KafkaError
from app.drivers.kafka_reader import Reader, read_to
from app.scenario.background import Background
from app.scenario.expected import OpenIntent
from app.scenario.world import Setting, UnreachableError, open_in
from app.scenario.world_process import ProcessWorld
from app.settings import KafkaAddress, load_settings
from topics import TOPICS
from topics.record import NewRecord, Record
from topics.state import NUDGE_STATE

PARTITIONS = 2
"""More than one, so that people live apart; no more, since each costs a take-over at every start."""


class KafkaWorld(ProcessWorld):
    """See World. The teller writes the entries as a service would, with the story's timestamps."""

    def __init__(self, setting: Setting, address: KafkaAddress, *, keep: bool = False) -> None:
        """UnreachableError when no broker answers; `keep` leaves topics and folder behind."""
        # A topic that was just created has no leader for a moment: that is tried again, and nobody's concern.
        logging.getLogger("aiokafka").setLevel(logging.ERROR)
        self._keep = keep
        self._read: Mapping[str, Sequence[Record]] | None = None
        prefix = f"story-{secrets.token_hex(4)}-"
        servers = ",".join(address.servers)
        settings = load_settings().model_copy(update={"log": address, "topic_prefix": prefix})
        self._kafka = Kafka(connection(settings))
        self._network = Background()
        try:
            self._topics = self._network.run(_Topics.created(self._kafka))
        except (KafkaError, OSError, TimeoutError) as error:
            self._network.close()
            raise UnreachableError(f"no broker answers at {servers}: {error or 'it took too long'}") from None
        folder = Path(tempfile.mkdtemp(prefix="tactful-story-"))
        super().__init__(setting, log=f"kafka://{servers}", prefix=prefix, folder=folder)

    @property
    def where(self) -> str:
        """What is left of it when it is kept."""
        return f"{self._setting.name}: topics {self._prefix}*, folder {self.folder}"

    def settle(self) -> None:
        self._read = None
        super().settle()

    def append(self, records: Sequence[NewRecord]) -> None:
        self._read = None
        if records:
            self._network.run(self._topics.appender.append(records))

    def records(self, topic: str) -> Sequence[Record]:
        if self._read is None:
            self._read = self._network.run(self._topics.read())
        return self._read[topic]

    def open_intents(self) -> Sequence[OpenIntent]:
        rows = {record.key: record.value for record in self.records(NUDGE_STATE.name)}
        return open_in(row.decode(value) for key, value in rows.items() if value and key != HEAD_KEY.encode())

    def close(self) -> None:
        super().close()
        self._network.run(self._topics.left(delete=not self._keep))
        self._network.close()
        if not self._keep:
            shutil.rmtree(self.folder)


class _Topics:
    """The story's topics, written and read from outside; made and used on one event loop."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self.appender = Appender(kafka)
        self._ends = Reader(kafka, committed=False)
        self._reader = Reader(kafka)

    @classmethod
    async def created(cls, kafka: Kafka) -> _Topics:
        """The topics as the contract has them, but for any year that a story may be told in."""
        await kafka_topics.apply(kafka, partitions=PARTITIONS, settings=kafka_topics.STORY)
        topics = cls(kafka)
        for client in (topics.appender, topics._ends, topics._reader):
            await client.start()
        return topics

    async def read(self) -> Mapping[str, Sequence[Record]]:
        """All that is committed, also a moment ago: to the logs' ends, past transactions that are being ended.

        All topics at once: a reader that turns to another topic waits 100 ms for its last fetch.
        """
        places = [
            self._kafka.place(topic.name, number)
            for topic in TOPICS
            for number in range(topic.partitions(PARTITIONS))
        ]
        last, first = await self._ends.ends(places), await self._ends.beginnings(places)
        found: defaultdict[str, list[Record]] = defaultdict(list)
        async for batch in read_to(self._reader, {place: (first[place], last[place]) for place in places}):
            for record in batch:
                found[record.topic].append(record)
        for records in found.values():
            records.sort(key=lambda record: (record.partition, record.offset))
        return found

    async def left(self, *, delete: bool) -> None:
        """Let go of the broker."""
        for client in (self.appender, self._ends, self._reader):
            await client.stop()
        if delete:
            await kafka_topics.delete(self._kafka)
