"""What of a log is in a folder: how far it was exported, and what was under way when somebody was killed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

By = Literal["day", "hour"]
NAME = "_export.json"
LOCK = "_export.lock"


class FolderError(Exception):
    """The folder cannot be used for this; the message says what to do."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """The offsets of a file, or of several that lie in different days; written down before the first of them is."""

    first: int
    last: int


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far one partition is in the files: the offset of the last record that was read; -1 before the first."""

    last: int = -1
    digest: str = ""
    """Of that record, by which it is known again; empty when it was not there any more."""
    begun: Begun | None = None
    newest: str = ""
    """The latest day or hour that any record lies in: what comes for an earlier one is late."""


class Shelf(msgspec.Struct, kw_only=True):
    """One table: where its records come from, and how far each partition is."""

    topic: str
    positions: dict[str, Position] = {}
    records: int = 0


class Book(msgspec.Struct, kw_only=True):
    """All that is remembered between two exports to one folder."""

    version: Literal[1] = 1
    by: By
    since: datetime | None = None
    tables: dict[str, Shelf] = {}

    def shelf(self, table: str, topic: str) -> Shelf:
        """The table's; FolderError when it was filled from another topic."""
        found = self.tables.setdefault(table, Shelf(topic=topic))
        if found.topic != topic:
            raise FolderError(f"its {table} come from {found.topic}, not from {topic}: give another folder")
        return found


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Nobody else exports to the folder meanwhile; a lock that goes with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderError(f"another export to {folder} is running: wait for its end") from None
        yield


def opened(folder: Path, by: By, since: datetime | None) -> Book:
    """The folder's book, or a new one that begins at `since`; FolderError when it was laid out otherwise."""
    file = folder / NAME
    if not file.exists():
        strangers = next(folder.rglob("*.parquet"), None)
        if strangers is not None:
            raise FolderError(f"{folder} holds {strangers.name} and no {NAME}: give an empty folder")
        return Book(by=by, since=since)
    book = found(folder)
    if book.by != by:
        raise FolderError(f"{folder} is laid out by {book.by}: use --by {book.by}, or give another folder")
    return book


def found(folder: Path) -> Book:
    """The book that is there; FolderError when there is none that can be read."""
    file = folder / NAME
    try:
        return msgspec.json.decode(file.read_bytes(), type=Book)
    except FileNotFoundError:
        raise FolderError(f"{folder} holds no {NAME}: it is no export of Tactful's") from None
    except msgspec.DecodeError as error:
        raise FolderError(f"{file} cannot be read ({error}): give another folder") from None


def keep(folder: Path, book: Book) -> None:
    """The book as it is now, on the disk: all of it, or the one before."""
    new = folder / f"{NAME}.new"
    with new.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(book), indent=1))
        file.flush()
        os.fsync(file.fileno())
    new.rename(folder / NAME)
    synced(folder)


def synced(folder: Path) -> None:
    """The names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
