"""RocksDB: the one door to it, for the embedded log and for the local copy of a partition's rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rocksdict import AccessType, DBCompressionType, Options, Rdict, WriteBatch, WriteOptions

PAGE = 1_000
"""Keys read with one iterator: an open one keeps the store's lock even after `close`."""
PAGE_BYTES = 1024 * 1024
"""And no more once they have so many: a thousand of the largest events would be a quarter of a gigabyte."""
WRITE_BUFFER_BYTES = 8 * 1024 * 1024
"""A worker may hold dozens of partitions, a store with two of these for each: by default it would be gigabytes."""
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
        for page in self.pages(prefix, begin):
            yield from page

    def pages(self, prefix: bytes, begin: bytes = b"") -> Iterator[list[tuple[bytes, bytes]]]:
        """The same, at most PAGE at a time."""
        key = prefix + begin
        more = True
        while more:
            page, more = self._page(prefix, key)
            yield page
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
            valid, found, held, on = cursor.valid, cursor.key, cursor.value, cursor.next
            while more := valid() and (stands := found()).startswith(prefix):
                if len(page) == PAGE or size >= PAGE_BYTES:
                    break
                value = held()
                page.append((stands, value))
                size += len(value)
                on()
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
