"""Where the words of a person stand: in topics, in rows, in files, in what a worker says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core.row import decode
from app.drivers.kafka_client import Connection
from app.outside.brokers import brokers_log
from topics import TOPICS
from topics.record import Record
from topics.state import NUDGE_STATE


@dataclass(frozen=True)
class Found:
    """How many records of each topic hold the words, and the latest row of the person, if there is one."""

    records: Mapping[str, int]
    row: Record | None

    @property
    def row_is_stub(self) -> bool:
        """Nothing is left in it but the time of the erasure, and by which events that is known."""
        return self.row is not None and self.row.value is not None and decode(self.row.value).is_stub


def holds(record: Record, words: bytes) -> bool:
    """In key, value or any header."""
    parts = (
        record.key,
        record.value,
        *(part for name, value in record.headers for part in (name.encode(), value)),
    )
    return any(part is not None and words in part.lower() for part in parts)


async def in_topics(connection: Connection, user: str, words: bytes) -> Found:
    """All that is committed."""
    counts: Counter[str] = Counter()
    latest: Record | None = None
    async with brokers_log(connection) as log:
        for topic in TOPICS:
            async for record in log.read(topic.name):
                counts[topic.name] += holds(record, words)
                if topic is NUDGE_STATE and record.key == user.encode():
                    latest = record
    return Found(dict(counts), latest)


def in_files(folder: Path, words: bytes) -> list[str]:
    """Files below the folder that hold the words, by their path in it."""
    return sorted(
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and words in file.read_bytes().lower()
    )
