"""A partition's rows on this machine: a copy of what the changelog says, as of a position of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from app.drivers.rocks import Batch, Store

if TYPE_CHECKING:
    from topics.record import Record

_ROW = b"r"
_META = b"m"
_POSITION = _META + b"position"
_FOLLOWED_AT = _META + b"followed_at"
_ORIGIN = _META + b"origin"
_FORGOT_AT = _META + b"forgot_at"


WRITTEN_FROM = 4_000
"""Rows that are written together: somebody who comes again meanwhile is written once, and a row of a large batch
costs a third of one alone."""
WRITTEN_AFTER_S = 1.0
"""After a kill -9 so much of the changelog is read again at most; what waits is a few megabytes."""


class LocalRows:
    """A partition's rows as of a position of the changelog: a cache that may lag and never leads.

    What is applied shows at once, and is written a little later, in one batch with the position: until then the copy
    on the disk lags.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._waiting: dict[str, bytes | None] = {}
        self._position = _number(store.get(_POSITION))
        self._followed_at = store.get(_FOLLOWED_AT)
        self._origin = store.get(_ORIGIN)
        self._written_at = time.monotonic()

    def get(self, user: str) -> bytes | None:
        """What was last applied for a person, or under HEAD_KEY for the partition."""
        if user in self._waiting:
            return self._waiting[user]
        return self.store.get(_ROW + user.encode())

    @property
    def position(self) -> int | None:
        """The changelog's offset from which to go on; None when nothing was ever applied."""
        return self._position

    @property
    def followed_at(self) -> float | None:
        """When the copy last followed the changelog, in seconds since 1970 by the machine's clock."""
        return None if self._followed_at is None else float(self._followed_at)

    @property
    def origin(self) -> str | None:
        """Which changelog it follows: a topic of the same name may be another's, or made anew; None when unknown."""
        return None if self._origin is None else self._origin.decode()

    def follows(self, origin: str | None) -> None:
        """It is a copy of this one from now on; written with the next position."""
        self._origin = None if origin is None else origin.encode()

    @property
    def forgot_at(self) -> float | None:
        """Since when, by the machine's clock, the files hold nothing that was deleted before; None when unknown."""
        at = self.store.get(_FORGOT_AT)
        return None if at is None else float(at)

    def forgotten(self, at: float) -> None:
        """The files hold nothing any more that was deleted before `at`."""
        self.store.put(_FORGOT_AT, b"%.3f" % at)

    def apply(self, rows: Mapping[str, bytes | None], position: int) -> None:
        """Rows, and the position behind them; None deletes the row."""
        self._waiting.update(rows)
        self._position, self._followed_at = position, b"%.3f" % time.time()
        if (
            len(self._waiting) >= WRITTEN_FROM
            or not rows
            or time.monotonic() - self._written_at >= WRITTEN_AFTER_S
        ):
            self.write()

    def load(self, records: Sequence[Record]) -> None:
        """Records of the changelog as they came, while nothing waits: a restore keys its rows as the log does."""
        batch = Batch()
        put = batch.writes.put
        for record in records:
            if record.value is not None and record.key is not None:
                put(_ROW + record.key, record.value)
            elif record.key is not None:
                batch.delete(_ROW + record.key)
        self._position, self._followed_at = records[-1].offset + 1, b"%.3f" % time.time()
        self._commit(batch)

    def write(self) -> None:
        """Write what waits, and the position with it."""
        if self._position is None or self._followed_at is None:
            return
        batch = Batch()
        put = batch.writes.put  # a call less for each of thousands
        for user, row in self._waiting.items():
            if row is None:
                batch.delete(_ROW + user.encode())
            else:
                put(_ROW + user.encode(), row)
        self._commit(batch)
        self._waiting.clear()

    def _commit(self, batch: Batch) -> None:
        """What is in the batch, and the position with it."""
        batch.put(_POSITION, b"%d" % (self._position or 0))
        batch.put(_FOLLOWED_AT, self._followed_at or b"0")
        if self._origin is not None:
            batch.put(_ORIGIN, self._origin)
        self.store.write(batch, sync=False)
        self._written_at = time.monotonic()

    def items(self) -> Iterator[tuple[str, bytes]]:
        """All rows in the order of their keys, the partition's own under HEAD_KEY among them."""
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[list[tuple[str, bytes]]]:
        """The same, up to a thousand at a time: some milliseconds' work between turns of the event loop."""
        if self._waiting:
            self.write()
        for page in self.store.pages(_ROW):
            yield [(key[1:].decode(), row) for key, row in page]  # behind _ROW

    def wipe(self) -> None:
        """Forget rows and position; the changelog has them."""
        self._waiting.clear()
        self._position = self._followed_at = self._origin = None
        self.store.drop(_ROW)
        self.store.drop(_META)

    def close(self) -> None:
        """Write what waits, and give the folder back."""
        try:
            if self._waiting:
                self.write()
        finally:
            self._waiting.clear()
            self.store.close()


def _number(value: bytes | None) -> int | None:
    return None if value is None else int(value)
