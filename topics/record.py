"""A record as it stands in a log, before anybody has understood it, and one that is to be written."""

from __future__ import annotations

import msgspec

Headers = tuple[tuple[str, bytes], ...]


class Record(msgspec.Struct, frozen=True, gc=False):
    """A record that was read; `topic` has no deployment's prefix, `timestamp_ms` is the log's own."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Headers = ()


class NewRecord(msgspec.Struct, frozen=True, gc=False):
    """A record to be written; without a `partition` the key decides (murmur2)."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Headers = ()
    partition: int | None = None


class Ref(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Where an event stands in the log: its topic, partition, offset and `source/id`."""

    topic: str
    """The topic's name, without the deployment's prefix."""
    partition: int
    """The person's partition."""
    offset: int
    """The event's offset in it."""
    event_id: str
    """The event's `source` + `/` + `id`."""
