"""The rows of a partition: what is durable, what was decided since, and a bounded cache of decoded ones."""

from __future__ import annotations

from collections.abc import Callable, Container

from app.core.row import Row, decode, encode

# Decoded rows kept for people who come back soon: some 3 KB each.
CACHED_ROWS = 20_000
_EVICT = CACHED_ROWS // 10


class People:
    """Rows by user id. A decided row is seen by the next pass at once, and becomes durable with the next commit."""

    def __init__(self, durable: Callable[[str], bytes | None]) -> None:
        self._durable = durable
        self._rows: dict[str, Row | None] = {}
        self._changed: set[str] = set()
        self._committing: set[str] = set()

    def row(self, user_id: str) -> Row:
        """The person's latest decided row; a new one for somebody unknown."""
        return self.known(user_id) or Row(user_id=user_id)

    def known(self, user_id: str) -> Row | None:
        """The latest decided row, None for somebody unknown."""
        if user_id in self._rows:
            return self._rows[user_id]
        data = self._durable(user_id)
        row = None if data is None else decode(data)
        self._rows[user_id] = row
        return row

    def decided(self, user_id: str, row: Row | None) -> None:
        """The row that a pass ended with; None: nothing is left of the person."""
        self._rows.pop(user_id, None)  # the newest stand last, for eviction
        self._rows[user_id] = row
        self._changed.add(user_id)

    @property
    def has_changed(self) -> bool:
        """Whether rows wait for a commit."""
        return bool(self._changed)

    def take_changed(self) -> dict[str, bytes | None]:
        """The latest row of each person touched since the last call, as it is written."""
        rows = {user: None if (row := self._rows[user]) is None else encode(row) for user in self._changed}
        self._committing, self._changed = self._changed, set()
        return rows

    def committed(self, in_use: Container[str]) -> None:
        """The taken rows are durable: from now on they may leave the cache."""
        self._committing = set()
        excess = len(self._rows) - CACHED_ROWS
        if excess > 0:
            may_go = [user for user in self._rows if user not in self._changed and user not in in_use]
            for user_id in may_go[: excess + _EVICT]:
                del self._rows[user_id]
