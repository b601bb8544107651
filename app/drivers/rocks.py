"""RocksDB: the one door to it, for the embedded log and for the local copy of a partition's rows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rocksdict import AccessType, DBCompressionType, Options, Rdict, WriteBatch, WriteOptions

PAGE = 1_000
"""Keys read with one iterator: an open one keeps the store's lock even after `close`."""
PAGE_BYTES = 1024 * 1024
"""And no more once they have so many: a thousand of the largest events would be a quarter of a gigabyte."""
WRITE_BUFFER_BYTES = 16 * 1024 * 1024
"""A worker may hold dozens of partitions, a store for each: the default of 64 MB would be gigabytes."""
_FILE_GONE = "IO error: No such file or directory"
"""The folder is made before it is opened, so what lacks is one of the store's own files."""
OPEN_FILES = 256
"""The same reason: the default is no bound."""


class StoreError(Exception):
    """A store cannot be opened, read or written; the message says what to do."""


class StoreLocked(StoreError):
    """Another process has the folder open.

    Operator action: stop the other worker, or give this one a folder of its own. Retrying is safe.
    """


class StoreCorrupt(StoreError):
    """The files are damaged.

    Operator action: a local copy may be deleted and comes back from its topic; an embedded log is the only
    one there is and must come from a backup.
    """


class Batch:
    """Writes that become durable together or not at all, in this order."""

    def __init__(self) -> None:
        self.writes = WriteBatch(raw_mode=True)

    def put(self, key: bytes, value: bytes) -> None:
        self.writes.put(key, value)

    def delete(self, key: bytes) -> None:
        self.writes.delete(key)

    def delete_range(self, begin: bytes, end: bytes) -> None:
        """All keys from `begin`, up to but not including `end`."""
        self.writes.delete_range(begin, end)


class Store:
    """Bytes to bytes, in the order of the keys."""

    def __init__(self, path: Path, *, look_only: bool = False) -> None:
        """Open the folder, or make it; StoreLocked and StoreCorrupt say what to do.

        `look_only`: nothing is written or made, and nobody is kept out; what is there is as of now.
        """
        self.path = path
        self._closed = False
        self._synced, self._cached = WriteOptions(), WriteOptions()
        self._synced.sync = True
        with self._trouble():
            if look_only:
                self._db = Rdict(str(path), _options(), access_type=AccessType.read_only())
                return
            path.mkdir(parents=True, exist_ok=True)
            self._db = Rdict(str(path), _options())

    def get(self, key: bytes) -> bytes | None:
        with self._trouble():
            value: bytes | None = self._db.get(key)
        return value

    def put(self, key: bytes, value: bytes, *, sync: bool = False) -> None:
        batch = Batch()
        batch.put(key, value)
        self.write(batch, sync=sync)

    def write(self, batch: Batch, *, sync: bool) -> None:
        """All of it or nothing; with `sync` it outlives the machine, without only this process."""
        with self._trouble():
            self._db.write(batch.writes, self._synced if sync else self._cached)

    def scan(self, prefix: bytes, begin: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys with this prefix in their order, from `prefix + begin` on; what changes meanwhile may show."""
        key = prefix + begin
        more = True
        while more:
            page, more = self._page(prefix, key)
            yield from page
            key = page[-1][0] + b"\x00" if page else key

    def last(self, prefix: bytes) -> tuple[bytes, bytes] | None:
        """The greatest key with this prefix."""
        with self._trouble():
            cursor = self._db.iter()
            behind = _behind(prefix)
            cursor.seek_for_prev(behind)
            if cursor.valid() and cursor.key() == behind:
                cursor.prev()
            found = (cursor.key(), cursor.value()) if cursor.valid() else None
            cursor.status()
        return found if found is not None and found[0].startswith(prefix) else None

    def drop(self, prefix: bytes) -> None:
        """Delete all keys with this prefix."""
        batch = Batch()
        batch.delete_range(prefix, _behind(prefix))
        self.write(batch, sync=False)

    def flushed(self) -> list[tuple[bytes, bytes]]:
        """Write out what is cached, and return from which key to which each file reaches."""
        with self._trouble():
            self._db.flush()
            return [(file["start_key"], file["end_key"]) for file in self._db.live_files()]

    def compact(self, begin: bytes, end: bytes) -> None:
        """Write these keys anew, without what was deleted or overwritten."""
        with self._trouble():
            self._db.compact_range(begin, end + b"\x00")

    def close(self) -> None:
        """Write out what is cached and give the folder back; twice is once."""
        if not self._closed:
            self._closed = True
            with self._trouble():
                self._db.close()

    def _page(self, prefix: bytes, key: bytes) -> tuple[list[tuple[bytes, bytes]], bool]:
        """And whether there is more behind it."""
        page: list[tuple[bytes, bytes]] = []
        size = 0
        with self._trouble():
            cursor = self._db.iter()
            cursor.seek(key)
            while more := cursor.valid() and cursor.key().startswith(prefix):
                if len(page) == PAGE or size >= PAGE_BYTES:
                    break
                page.append((cursor.key(), cursor.value()))
                size += len(page[-1][1])
                cursor.next()
            cursor.status()
        return page, more

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """Tell by RocksDB's own words, since rocksdict raises a bare Exception with nothing else."""
        try:
            yield
        except Exception as error:
            said = str(error)
            if "LOCK" in said:
                message = f"{self.path} is open in another process: stop that one, or choose another folder"
                raise StoreLocked(message) from error
            if "Corruption" in said or _FILE_GONE in said:
                message = (
                    f"{self.path} is damaged: a local copy (below TACTFUL_STATE_DIR) can be deleted and "
                    f"comes back, an embedded log needs a backup; RocksDB says: {said}"
                )
                raise StoreCorrupt(message) from error
            message = (
                f"{self.path} cannot be used: check that the disk has room and the folder is ours: {said}"
            )
            raise StoreError(message) from error


def destroy(path: Path) -> None:
    """Delete a store that is not open; a local copy comes back from its topic."""
    shutil.rmtree(path, ignore_errors=True)


def _behind(prefix: bytes) -> bytes:
    """The smallest key above all that begin with `prefix`, whose last byte is not 0xff here."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_max_open_files(OPEN_FILES)
    options.set_compression_type(DBCompressionType.lz4())
    # RocksDB's own diary: the last two pages of it are enough to mend something by.
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(1024 * 1024)
    return options


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
        batch.put(_POSITION, b"%d" % self._position)
        batch.put(_FOLLOWED_AT, self._followed_at)
        if self._origin is not None:
            batch.put(_ORIGIN, self._origin)
        self.store.write(batch, sync=False)
        self._waiting.clear()
        self._written_at = time.monotonic()

    def items(self) -> Iterator[tuple[str, bytes]]:
        """All rows in the order of their keys, the partition's own under HEAD_KEY among them."""
        if self._waiting:
            self.write()
        for key, row in self.store.scan(_ROW):
            yield key[len(_ROW) :].decode(), row

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
