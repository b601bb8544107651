"""What of a partition's log is done: the partition's own row, and the book-keeping that it is written from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from topics.record import Record

HEAD_KEY = "\x00partition"
"""The key of the partition's row in `nudge-state`; no user id has a control character."""
SCHEMA = 1


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Everything below `next` is done; `unfinished` lists what between it and `high` is not."""

    next: int = 0
    high: int = -1
    unfinished: tuple[int, ...] = ()
    partitions: int = 1
    schema: int = SCHEMA
    seen: tuple[int, int] | None = None
    """Offset and log timestamp of the last record that was received: by it a log is known again."""


class Progress:
    """Which offsets were received and which are done; the contiguous part is what a reader need not see again."""

    def __init__(self, head: Head) -> None:
        self._partitions = head.partitions
        self._old_high = head.high
        self._old_unfinished = set(head.unfinished)
        self._position = head.next
        self._high = head.high
        self._undecided: set[int] = set()
        self._seen = head.seen
        self.changed = False
        """Whether something was done since the last head was taken."""

    def begin(self, records: Sequence[Record]) -> Sequence[Record]:
        """Note records as received; without those that are done already or were received before."""
        if not records:
            return records
        offsets = {record.offset for record in records}
        if records[0].offset <= self._high or len(offsets) < len(records):
            return [record for record in records if self._is_new(record)]
        self._undecided |= offsets
        self._high = records[-1].offset
        self._seen = self._high, records[-1].timestamp_ms
        return records

    def _is_new(self, record: Record) -> bool:
        offset = record.offset
        if offset <= self._old_high:
            if offset not in self._old_unfinished:
                return False
            self._old_unfinished.discard(offset)
        elif offset <= self._high:
            return False
        else:
            self._seen = offset, record.timestamp_ms
        self._high = max(self._high, offset)
        self._undecided.add(offset)
        return True

    def done(self, records: Iterable[Record]) -> None:
        """Their effect is decided."""
        self._undecided.difference_update([record.offset for record in records])
        self.changed = True

    def positioned(self, position: int) -> None:
        """Nothing below is still to come from the reader."""
        self._position = max(self._position, position)

    @property
    def undecided(self) -> int:
        """Records that were received and are not done."""
        return len(self._undecided)

    def head(self) -> Head:
        """The row as it stands; everything not received yet of an earlier owner's unfinished ones stays unfinished."""
        self.changed = False
        left = sorted(self._undecided | self._old_unfinished)
        following = left[0] if left else max(self._position, self._high + 1)
        return Head(
            next=following,
            high=max(self._high, following - 1),
            unfinished=tuple(left),
            partitions=self._partitions,
            seen=self._seen,
        )
