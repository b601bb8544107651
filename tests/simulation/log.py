"""What is durable: a partition's log with its holes, the changelog of its rows, and all that was committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tests.simulation.clock import moment
from topics.murmur2 import partition_of
from topics.record import NewRecord, Record

EVENTS = "user-events"
FORWARDED_FROM = "tactful_from"
_AHEAD_MS = 5 * 60_000
FIRST_PRINTABLE = ord(" ")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event as anybody can read it off the log."""

    user: str
    type: str
    identity: tuple[str, str]
    at: datetime
    data: Mapping[str, Any]
    lane: int
    offset: int


class Entry(msgspec.Struct, frozen=True):
    """A record and what has to become of it: an event, a dead letter with its reason, or a forwarded record."""

    record: Record
    told: Told | None
    reason: str = ""
    homeless: bool = False


def understood(record: Record, partitions: int) -> Entry:
    """What the contract says of a record; the outside's own reading of it, not the worker's."""
    key = record.key
    if key and partition_of(key, partitions) != record.partition:
        if any(name == FORWARDED_FROM for name, _ in record.headers):
            return Entry(record, None, "misrouted")
        return Entry(record, None, homeless=True)
    body: dict[str, Any] = {}
    reason = _unreadable(key, record.value, body)
    if reason or key is None:
        return Entry(record, None, reason)
    user = key.decode()
    logged = moment(record.timestamp_ms)
    at = datetime.fromisoformat(body["time"])
    told = Told(
        user=user,
        type=body["type"],
        identity=(body["source"], body["id"]),
        at=logged if at > moment(record.timestamp_ms + _AHEAD_MS) else at,
        data=body["data"],
        lane=record.partition,
        offset=record.offset,
    )
    return Entry(record, told)


def _unreadable(key: bytes | None, value: bytes | None, body: dict[str, Any]) -> str:
    """Why it is nobody's event; the empty text when it is one, and `body` has it."""
    if not key:
        return "no_key"
    if any(byte < FIRST_PRINTABLE for byte in key):
        return "bad_key"
    if not value:
        return "empty"
    try:
        body |= msgspec.json.decode(value)
    except msgspec.DecodeError:
        return "not_json"
    wrong = {
        "not_an_event": not body["id"],
        "key_mismatch": body["user_id"] != key.decode(),
        "invalid_data": body["type"].startswith("message.") and not body["data"].get("text"),
    }
    return next((reason for reason, is_so in wrong.items() if is_so), "")


class Lane:
    """One partition of the log with its state, as a broker keeps them."""

    def __init__(self, number: int, partitions: int) -> None:
        self.number = number
        self._partitions = partitions
        self.entries: list[Entry] = []
        self.end = 0
        self.changelog: list[tuple[str, bytes | None]] = []
        self.rows: dict[str, bytes] = {}
        """The fold of the changelog: for each person the last row that is not a tombstone."""
        self.head: bytes | None = None

    def append(self, record: NewRecord) -> Entry:
        """The record stands in the log, with the next offset."""
        placed = Record(
            EVENTS, self.number, self.end, record.key, record.value, record.timestamp_ms, record.headers
        )
        entry = understood(placed, self._partitions)
        self.entries.append(entry)
        self.end += 1
        return entry

    def hole(self) -> None:
        """A marker, or an aborted record: an offset that no reader sees."""
        self.end += 1

    def write(self, rows: Mapping[str, bytes | None], head: bytes) -> None:
        """The rows of a transaction, and the partition's own."""
        for user, row in rows.items():
            self.changelog.append((user, row))
            if row is None:
                self.rows.pop(user, None)
            else:
                self.rows[user] = row
        self.head = head


class LocalRows:
    """A copy of the rows beside the worker: it follows the changelog, and is brought to its end before it is used."""

    def __init__(self) -> None:
        self._rows: dict[str, bytes] = {}
        self._position = 0

    def get(self, user: str) -> bytes | None:
        """What is durable of a person."""
        return self._rows.get(user)

    def items(self) -> Sequence[tuple[str, bytes]]:
        return list(self._rows.items())

    def wipe(self) -> None:
        """The folder is gone."""
        self._rows, self._position = {}, 0

    def older(self, by: int) -> None:
        """The folder is from a while ago: so many of the last records are unknown to it."""
        known = max(0, self._position - by)
        changelog, self._rows, self._position = self._followed, {}, 0
        self._followed = changelog
        self.follow(changelog[:known])

    def follow(self, changelog: Sequence[tuple[str, bytes | None]]) -> None:
        """Read on to the changelog's end."""
        for user, row in changelog[self._position :]:
            if row is None:
                self._rows.pop(user, None)
            else:
                self._rows[user] = row
        self._position = len(changelog)
        self._followed = changelog

    _followed: Sequence[tuple[str, bytes | None]] = ()
