"""From a topic to files, each record once, whenever it is killed.

What a file holds is settled before it is written: the book names the offsets of the next files, then the files
appear one by one, whole or not at all, then the book says that they are there. Who is killed in between finds the
offsets in the book, and writes those of the same files that are not there yet.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from app.export.book import Begun, Book, By, FolderError, Position, Shelf, keep, synced
from app.export.duck import Duck
from app.export.tables import Row, Table, Unreadable
from app.outside.log import Log, MadeAnewError
from topics.record import Record

AT_ONCE = 10_000
"""Records of one partition in one go: some 15 MB of outcomes in memory."""


@dataclass(slots=True)
class Done:
    """What one export has added."""

    records: int = 0
    files: int = 0
    late: int = 0
    touched: set[str] = field(default_factory=set)
    """The days or hours, by table, whose files are more than before."""
    gone: dict[int, int] = field(default_factory=dict)
    """By partition the offset before which records were deleted before they could be exported."""
    unreadable: list[str] = field(default_factory=list)


class Export:
    """One table of one log on its way into a folder."""

    def __init__(
        self,
        table: Table,
        folder: Path,
        book: Book,
        *,
        topic: str,
        duck: Duck,
        progress: Callable[[Done], None],
    ) -> None:
        """`topic` is the table's with the deployment's prefix: what is remembered in the book."""
        self.done = Done()
        self._table, self._folder, self._book, self._duck = table, folder, book, duck
        self._shelf: Shelf = book.shelf(table.name, topic)
        self._waiting: dict[int, list[Row]] = {}
        self._last: dict[int, Record] = {}
        self._progress = progress
        _sweep(folder)

    async def run(self, log: Log, since: datetime | None) -> None:
        """All that the log has committed by now; FolderError when it is not the log that was exported before."""
        known = {int(n): each.last for n, each in self._shelf.positions.items() if each.last >= 0}
        try:
            async for record in log.read(self._table.topic, since=since, begin=known):
                self._take(record)
        except MadeAnewError as error:
            raise FolderError(
                f"{error.says}: it is another log by now; export it to another folder"
            ) from None
        for partition in sorted(self._last):
            self._flush(partition)

    def _take(self, record: Record) -> None:
        partition = record.partition
        at = self._position(partition)
        if partition not in self._last:
            self._compare(record, at)
            self._last[partition] = record
        if record.offset <= at.last:
            return
        if at.begun is not None and record.offset > at.begun.last:
            self._flush(partition)
        self._last[partition] = record
        waiting = self._waiting.setdefault(partition, [])
        try:
            row = self._table.row(record)
        except Unreadable as error:
            self.done.unreadable.append(str(error))
            row = None
        if row is not None:
            waiting.append(row)
        if record.offset == at.begun.last if at.begun else len(waiting) >= AT_ONCE:
            self._flush(partition)

    def _compare(self, record: Record, at: Position) -> None:
        """The first record that is read again is the last one that was exported, if it is still there."""
        if at.last < 0:
            return
        if record.offset > at.last + 1:
            self.done.gone[record.partition] = record.offset
        if record.offset == at.last and at.digest not in {"", digest(record)}:
            raise FolderError(
                f"{record.topic}-{record.partition}@{record.offset} is another record than the one that was exported: "
                "the topic was made anew; export it to another folder"
            )

    def _flush(self, partition: int) -> None:
        """What waits of a partition becomes files: one for each day or hour that it lies in."""
        rows, at, last = self._waiting.pop(partition, []), self._position(partition), self._last[partition]
        begun = at.begun
        if begun is None:
            if last.offset <= at.last:
                return
            begun = Begun(first=at.last + 1, last=last.offset)
            if rows:
                self._put(partition, msgspec.structs.replace(at, begun=begun))
        by_bucket: defaultdict[str, list[Row]] = defaultdict(list)
        for row in rows:
            by_bucket[bucket(row.at, self._book.by)].append(row)
        for name, inside in sorted(by_bucket.items()):
            self._write(name, f"{partition:05d}-{begun.first:016d}-{begun.last:016d}.parquet", inside)
            if name < at.newest:
                self.done.late += len(inside)
        self._shelf.records += len(rows)
        said = digest(last) if last.offset == begun.last else ""
        self._put(partition, Position(last=begun.last, digest=said, newest=max(at.newest, *by_bucket, "")))
        self.done.records += len(rows)
        self._progress(self.done)

    def _write(self, name: str, file: str, rows: list[Row]) -> None:
        folder = self._folder / self._table.name / name
        into = folder / file
        self.done.touched.add(f"{self._table.name}/{name}")
        if (
            into.exists()
        ):  # by somebody who was killed before the book said so: it was renamed, so it is whole
            return
        folder.mkdir(parents=True, exist_ok=True)
        lines, half = folder / f".{file}.jsonl", folder / f".{file}.half"
        lines.write_bytes(b"\n".join(row.line for row in rows))
        self._duck.to_parquet(lines, self._table.columns, half)
        lines.unlink()
        half.rename(into)
        synced(folder)
        self.done.files += 1

    def _position(self, partition: int) -> Position:
        return self._shelf.positions.get(str(partition), Position())

    def _put(self, partition: int, position: Position) -> None:
        self._shelf.positions[str(partition)] = position
        keep(self._folder, self._book)


def bucket(at: datetime, by: By) -> str:
    """The folder of a time, in UTC, as Hive names partitions."""
    at = at.astimezone(UTC)
    return f"day={at:%Y-%m-%d}" + (f"/hour={at:%H}" if by == "hour" else "")


def digest(record: Record) -> str:
    """What a record is known again by."""
    return hashlib.blake2b((record.key or b"") + b"\x00" + (record.value or b""), digest_size=12).hexdigest()


def _sweep(folder: Path) -> None:
    """What somebody who was killed had not finished goes: nobody has seen it, its name begins with a dot."""
    for left in (*folder.rglob(".*.half"), *folder.rglob(".*.jsonl")):
        left.unlink()
