"""A story's world on a broker: topics under a prefix of their own, removed when the story is over."""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.core import row
from app.core.head import HEAD_KEY
from app.drivers import kafka_topics
from app.drivers.kafka_append import Appender
from app.drivers.kafka_client import Kafka, KafkaConnectionError, KafkaError
from app.drivers.kafka_reader import read_to, reader
from app.scenario.background import Background
from app.scenario.expected import OpenIntent
from app.scenario.world import Setting, UnreachableError, open_in
from app.scenario.world_process import ProcessWorld
from app.settings import KafkaAddress, load_settings
from app.wiring import connection
from topics.record import NewRecord, Record
from topics.state import NUDGE_STATE

PARTITIONS = 3
"""More than one, so that people live apart; few, since each costs a take-over at every start."""


class KafkaWorld(ProcessWorld):
    """See World. The teller writes the entries as a service would, with the story's timestamps."""

    def __init__(self, setting: Setting, address: KafkaAddress, *, keep: bool = False) -> None:
        """UnreachableError when no broker answers; `keep` leaves topics and folder behind."""
        self._keep = keep
        prefix = f"story-{secrets.token_hex(4)}-"
        settings = load_settings().model_copy(update={"log": address, "topic_prefix": prefix})
        self._kafka = Kafka(connection(settings))
        # A topic that was just created has no leader for a moment: that is tried again, and nobody's concern.
        logging.getLogger("aiokafka").setLevel(logging.ERROR)
        self._network = Background()
        try:
            self._appender = self._network.run(self._prepared())
        except (KafkaConnectionError, TimeoutError) as error:
            self._network.close()
            servers = ",".join(address.servers)
            raise UnreachableError(f"no broker answers at {servers}: {error or 'it took too long'}") from None
        folder = Path(tempfile.mkdtemp(prefix="tactful-story-"))
        super().__init__(setting, log=f"kafka://{','.join(address.servers)}", prefix=prefix, folder=folder)

    @property
    def where(self) -> str:
        """What is left of it when it is kept."""
        return f"{self._setting.name}: topics {self._prefix}*, folder {self.folder}"

    def append(self, records: Sequence[NewRecord]) -> None:
        if records:
            self._network.run(self._appender.append(records))

    def records(self, topic: str) -> Sequence[Record]:
        return self._network.run(self._read(topic))

    def open_intents(self) -> Sequence[OpenIntent]:
        rows = {record.key: record.value for record in self.records(NUDGE_STATE.name)}
        return open_in(row.decode(value) for key, value in rows.items() if value and key != HEAD_KEY.encode())

    def close(self) -> None:
        super().close()
        self._network.run(self._appender.stop())
        if not self._keep:
            self._network.run(kafka_topics.delete(self._kafka))
            shutil.rmtree(self.folder)
        self._network.close()

    async def _prepared(self) -> Appender:
        try:
            await kafka_topics.apply(self._kafka, partitions=PARTITIONS, settings=kafka_topics.STORY)
            appender = Appender(self._kafka)
            await appender.start()
        except KafkaError as error:
            raise KafkaConnectionError(str(error)) from error
        return appender

    async def _read(self, topic: str) -> list[Record]:
        """All that is committed, also a moment ago: up to the log's end, past transactions that are being ended."""
        async with reader(self._kafka, committed=False) as ends, reader(self._kafka) as one:
            count = await ends.partitions(topic)
            places = [self._kafka.place(topic, number) for number in range(count)]
            last, first = await ends.ends(places), await ends.beginnings(places)
            bounds = {place: (first[place], last[place]) for place in places}
            found = [record async for batch in read_to(one, bounds) for record in batch]
        return sorted(found, key=lambda record: (record.partition, record.offset))
