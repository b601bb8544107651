"""The one fold that every console runs, whichever log it reads and wherever it keeps what it has folded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Protocol

import msgspec

from app.console.counts import Bucket, changed, changes, expired
from app.console.person_row import PersonRow, aged, fold
from app.core.head import HEAD_KEY, Head
from app.core.written import CANARY
from app.drivers.served import is_done
from topics.murmur2 import partition_of
from topics.record import Record
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

_row = msgspec.msgpack.Decoder(PersonRow).decode
_bucket = msgspec.msgpack.Decoder(Bucket).decode
_names = msgspec.msgpack.Decoder(list[str]).decode
_head = msgspec.msgpack.Decoder(Head).decode
_encode = msgspec.msgpack.Encoder().encode
_CANARY = CANARY.encode()


class HeadSeen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The partition's own row, and when the commit was that brought it."""

    at_ms: int
    head: Head


class Waiting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The last event of a partition, and since when the worker has got no further although there was one to decide.

    `since_ms` is 0 while all is decided; a commit that leaves something undecided counts as getting further.
    """

    offset: int
    since_ms: int


_waiting = msgspec.msgpack.Decoder(Waiting).decode
_head_seen = msgspec.msgpack.Decoder(HeadSeen).decode


class Shelf(Protocol):
    """One partition's part of the table."""

    def get(self, key: bytes) -> bytes | None:
        """None when there is nothing under this key."""

    def put(self, key: bytes, value: bytes) -> None: ...
    def delete(self, key: bytes) -> None: ...


def project(shelf: Shelf, record: Record, *, partitions: int, keep: timedelta) -> None:
    """Fold one record of a followed topic; records of one partition come in the order of each topic.

    Counts are written before the person they are of: after a crash in between, a second folding finds the person as
    before, and the buckets know what they have counted already.
    """
    key = record.key
    if key == HEAD_KEY.encode():
        if record.topic == NUDGE_STATE.name and record.value:
            seen = HeadSeen(record.timestamp_ms, _head(record.value))
            shelf.put(_ours(record.partition, "head"), _encode(seen))
            _got_further(shelf, record.partition, seen)
        return
    if record.topic == USER_EVENTS.name:
        _came(shelf, record)
    if key is not None and key.startswith(_CANARY):
        return
    if not is_person(key) or partition_of(key or b"", partitions) != record.partition:
        return  # a dead letter, or forwarded home: it comes by once more, or never counts
    assert key is not None  # noqa: S101 - `is_person` says so, which mypy cannot see
    before = _person(shelf, key)
    after = fold(before, record, keep=keep)
    if after is before:
        return
    _count(shelf, before, after, record)
    if after is None:
        shelf.delete(key)
    else:
        shelf.put(key, _encode(after))


def swept(key: bytes, value: bytes, oldest_ms: int) -> bytes | None:
    """A person's row without what is older, None when nothing is left of it; any other row as it is.

    Who says nothing any more is folded no more: their old records go by this.
    """
    if key.startswith(b"\x00") or not is_person(key):
        return value
    row = _row(value)
    kept = aged(row, oldest_ms)
    if kept is row:
        return value
    return None if kept is None else _encode(kept)


def person(shelf: Shelf, user_id: str) -> PersonRow | None:
    """What is kept of a person."""
    return _person(shelf, user_id.encode())


def buckets(shelf: Shelf, partition: int) -> Iterator[tuple[str, Bucket]]:
    """All counts of a partition."""
    for name in _index(shelf, partition):
        found = shelf.get(_ours(partition, name))
        if found is not None:
            yield name, _bucket(found)


def head(shelf: Shelf, partition: int) -> HeadSeen | None:
    """How far the worker is with a partition; None when it has not written that yet."""
    found = shelf.get(_ours(partition, "head"))
    return None if found is None else _head_seen(found)


def waiting(shelf: Shelf, partition: int) -> Waiting:
    """Whether anything waits for the worker, and since when."""
    found = shelf.get(_ours(partition, "waiting"))
    return Waiting(-1, 0) if found is None else _waiting(found)


def _came(shelf: Shelf, record: Record) -> None:
    """An event, whoever's it is: the worker has it to decide, unless it has done so already."""
    known, seen = waiting(shelf, record.partition), head(shelf, record.partition)
    if record.offset <= known.offset:
        return
    done = seen is not None and is_done(seen.head, record.offset)
    since = 0 if done else known.since_ms or record.timestamp_ms
    shelf.put(_ours(record.partition, "waiting"), _encode(Waiting(record.offset, since)))


def _got_further(shelf: Shelf, partition: int, seen: HeadSeen) -> None:
    known = waiting(shelf, partition)
    since = 0 if is_done(seen.head, known.offset) else max(known.since_ms, seen.at_ms)
    if since != known.since_ms:
        shelf.put(_ours(partition, "waiting"), _encode(Waiting(known.offset, since)))


def _count(shelf: Shelf, before: PersonRow | None, after: PersonRow | None, record: Record) -> None:
    known = _index(shelf, record.partition)
    names = dict.fromkeys(known)
    for name, change in changes(before, after, record).items():
        place = _ours(record.partition, name)
        found = shelf.get(place)
        bucket = None if found is None else _bucket(found)
        now = changed(bucket, change, record)
        # In the index in any case: it may be what a crash has left unwritten.
        if now is None:
            names.pop(name, None)
            shelf.delete(place)
        else:
            names[name] = None
            if now is not bucket:
                shelf.put(place, _encode(now))
    if len(names) > len(known):
        for name in expired(names, record.timestamp_ms):
            del names[name]
            shelf.delete(_ours(record.partition, name))
    if list(names) != known:
        shelf.put(_ours(record.partition, "index"), _encode(list(names)))


def _person(shelf: Shelf, key: bytes) -> PersonRow | None:
    found = shelf.get(key)
    return None if found is None else _row(found)


def _index(shelf: Shelf, partition: int) -> list[str]:
    found = shelf.get(_ours(partition, "index"))
    return [] if found is None else _names(found)


def _ours(partition: int, name: str) -> bytes:
    """A key of no person: no user id has a control character."""
    return f"\x00{partition}/{name}".encode()


def is_person(key: bytes | None) -> bool:
    """Whether a key of the table, or of a record, is somebody's id."""
    if not key:
        return False
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return False
    return not any(each < " " or "\x7f" <= each <= "\x9f" for each in text)
