"""An embedded log whose folder nobody else has open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from app.core.head import HEAD_KEY
from app.drivers.embedded import ClockAheadError, EmbeddedLog
from app.outside.log import MadeAnewError, OutOfReachError, RefusedError, milliseconds, now
from topics.record import NewRecord, Record
from topics.state import NUDGE_STATE


class FolderLog:
    """See Log. It holds the folder, so no worker can start while it is open."""

    def __init__(self, path: Path) -> None:
        """StoreLocked when a worker has it."""
        self.where = f"the folder {path}"
        self._log = EmbeddedLog(path)

    async def partitions(self, topic: str) -> int:
        del topic
        return 1

    async def read(
        self,
        topic: str,
        *,
        since: datetime | None = None,
        begin: Mapping[int, int] | None = None,
        user: str | None = None,
        follow: bool = False,
    ) -> AsyncIterator[Record]:
        first = (begin or {}).get(0)
        if first is not None:
            since = None
            if (end := self._log.end(topic)) < first:
                raise MadeAnewError(topic, 0, end=end, begin=first)
        for record in records_of(self._log, topic, begin=first or 0, since=since, user=user):
            yield record
        if follow:
            says = f"{self.where} has no worker, and nobody can add to it while it is being followed"
            raise OutOfReachError(says, "start `tactful worker` first")

    async def append(self, records: Sequence[NewRecord]) -> list[tuple[int, int]]:
        try:
            return [(0, offset) for offset in self._log.append(records, now=now())]
        except ClockAheadError as error:
            raise RefusedError(str(error)) from None

    def close(self) -> None:
        self._log.close()


def records_of(
    log: EmbeddedLog, topic: str, *, begin: int = 0, since: datetime | None = None, user: str | None = None
) -> Iterator[Record]:
    """The records of a topic from an offset on, those before the first as young as `since` left out."""
    if topic == NUDGE_STATE.name:
        yield from _rows(log, user)
        return
    wanted = None if user is None else user.encode()
    youngest = None if since is None else milliseconds(since)
    for record in log.read_topic(topic, begin):
        if youngest is not None and record.timestamp_ms < youngest:
            continue
        youngest = None
        if wanted is None or record.key == wanted:
            yield record


def _rows(log: EmbeddedLog, user: str | None) -> Iterator[Record]:
    """What `nudge-state` would hold on a broker: the partition's own row, then each person's."""
    if user is not None:
        row = log.row(user)
        if row is not None:
            yield Record(NUDGE_STATE.name, 0, 0, user.encode(), row, 0)
        return
    yield Record(NUDGE_STATE.name, 0, 0, HEAD_KEY.encode(), msgspec.msgpack.encode(log.head()), 0)
    for n, (key, row) in enumerate(log.rows(), start=1):
        yield Record(NUDGE_STATE.name, 0, n, key.encode(), row, 0)
