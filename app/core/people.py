"""The rows of a partition: what is durable, what was decided since, and a bounded cache of both.

Rows are kept as the bytes that are written. A row in one piece is decoded and encoded in less time than it takes to
gather the forty objects of a decoded one, strewn over the memory, and takes a fifth of the room.
"""

from __future__ import annotations

from collections.abc import Callable

from app.core.row import Row, decode

CACHED_BYTES = 64 * 1024 * 1024
"""Rows of people who may come back soon: some 600 bytes each, 2 KB once all their events are remembered."""
NAME_BYTES = 200
"""What a person costs in the cache beside the row."""


class People:
    """Rows by user id. A decided row is seen by the next pass at once, and becomes durable with the next commit."""

    def __init__(self, durable: Callable[[str], bytes | None]) -> None:
        self._durable = durable
        self._rows: dict[str, bytes | None] = {}
        self._bytes = 0
        self._changed: set[str] = set()

    def row(self, user_id: str) -> Row:
        """The person's latest decided row, the caller's own; a new one for somebody unknown."""
        return self.known(user_id) or Row(user_id=user_id)

    def known(self, user_id: str) -> Row | None:
        """The latest decided row, the caller's own; None for somebody unknown."""
        if user_id in self._rows:
            data = self._rows[user_id]
        else:
            data = self._rows[user_id] = self._durable(user_id)
            self._bytes += _size(data)
        return None if data is None else decode(data)

    def decided(self, user_id: str, data: bytes | None) -> None:
        """The row that a pass ended with, as it is written; None: nothing is left of the person."""
        if user_id in self._rows:
            self._bytes -= _size(self._rows.pop(user_id))  # the newest stand last, for eviction
        self._rows[user_id] = data
        self._bytes += _size(data)
        self._changed.add(user_id)

    @property
    def has_changed(self) -> bool:
        """Whether rows wait for a commit."""
        return bool(self._changed)

    def take_changed(self) -> dict[str, bytes | None]:
        """The latest row of each person touched since the last call."""
        rows = {user: self._rows[user] for user in self._changed}
        self._changed = set()
        return rows

    def committed(self) -> None:
        """The taken rows are durable: from now on they may leave the cache."""
        if self._bytes <= CACHED_BYTES:
            return
        for user_id in [user for user in self._rows if user not in self._changed]:
            self._bytes -= _size(self._rows.pop(user_id))
            if self._bytes <= CACHED_BYTES * 9 // 10:  # a tenth at a time: each look goes through all names
                break


def _size(data: bytes | None) -> int:
    return NAME_BYTES if data is None else NAME_BYTES + len(data)
