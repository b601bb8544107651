"""What becomes of a record before it is anybody's event: understood, sent home, or put aside with the reason."""

from __future__ import annotations

from datetime import datetime

from app.core.tally import Tally
from app.core.written import milliseconds
from topics.dead_letters import dead_letter
from topics.decode import Undecodable, decode
from topics.murmur2 import partition_of
from topics.record import NewRecord, Record
from topics.user_events import KNOWN_TYPES, Event

FORWARDED_FROM = "tactful_from"
# murmur2 over a key costs some microseconds here: keys that were found at home are remembered.
_REMEMBERED_KEYS = 100_000
# A metric's label must stay bounded; sources beyond these count as `other`.
_SOURCES = 20


class Arrival:
    """Decides for each record of one partition."""

    def __init__(self, number: int, partitions: int, agents: frozenset[str]) -> None:
        self._number = number
        self._partitions = partitions
        self._agents = agents
        self._at_home: dict[bytes | None, str] = {}
        """User ids by their keys."""
        self._types: dict[str, int] = {}
        self._sources: set[str] = set()

    def understood(self, record: Record, now: datetime, out: list[NewRecord], tally: Tally) -> Event | None:
        """The event; None when the record was forwarded or became a dead letter, which then stands in `out`."""
        user_id = self._at_home.get(record.key)
        if user_id is None and record.key and not self._is_at_home(record.key):
            self._send_home(record, now, out, tally)
            return None
        event = decode(record, agents=self._agents, user_id=user_id)
        if isinstance(event, Undecodable):
            tally.count("tactful_dead_letters_total", event.reason)
            out.append(dead_letter(record, event.reason, event.error, milliseconds(now)))
            return None
        if user_id is None:
            if len(self._at_home) >= _REMEMBERED_KEYS:
                self._at_home.clear()
            self._at_home[record.key] = event.user_id
        label = event.type if event.type in KNOWN_TYPES else "other"
        self._types[label] = self._types.get(label, 0) + 1
        return event

    def report(self, tally: Tally) -> None:
        """How many events of each type were understood since the last call."""
        for label, count in self._types.items():
            tally.count("tactful_events_total", label, by=count)
        self._types = {}

    def _is_at_home(self, key: bytes) -> bool:
        return self._partitions == 1 or partition_of(key, self._partitions) == self._number

    def _send_home(self, record: Record, now: datetime, out: list[NewRecord], tally: Tally) -> None:
        """Once, unchanged but for the header that says where it stood: it counts from then on."""
        if any(name == FORWARDED_FROM for name, _ in record.headers):
            error = "forwarded once and still not in its key's partition"
            tally.count("tactful_dead_letters_total", "misrouted")
            out.append(dead_letter(record, "misrouted", error, milliseconds(now)))
            return
        event = decode(record, agents=self._agents)
        tally.count("tactful_misrouted_events_total", self._label(event))
        place = f"{record.topic}-{record.partition}@{record.offset}".encode()
        out.append(
            NewRecord(
                record.topic,
                record.key,
                record.value,
                record.timestamp_ms,
                (*record.headers, (FORWARDED_FROM, place)),
            )
        )

    def _label(self, event: Event | Undecodable) -> str:
        if isinstance(event, Undecodable):
            return "unreadable"
        if event.source not in self._sources and len(self._sources) >= _SOURCES:
            return "other"
        self._sources.add(event.source)
        return event.source
