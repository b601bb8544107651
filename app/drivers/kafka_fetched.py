"""A record as the client hands it out, made cheaply: there is one for each event."""

from __future__ import annotations

import msgspec


class Fetched(msgspec.Struct, gc=False):
    """The fields of the client's own class, in their order.

    That one is a dataclass: it takes three times as long to make, and the collector of cycles looks at each.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    checksum: int | None
    serialized_key_size: int
    serialized_value_size: int
    headers: tuple[tuple[str, bytes | None], ...]
