"""Reading batches in which a producer has put a header's name that is no UTF-8: the client's own decoder raises.

Brokers look at no header, and the client would raise at the same batch for ever: one service could stop every worker.
The name keeps its bytes as lone surrogates, so that whoever understands events can put the record aside.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

_LENGTH_AT = 8
_BEFORE_LENGTH_ENDS = 12
"""A batch begins with its base offset (8 bytes) and its length (4), which counts from there."""


class _Bytes(bytearray):
    """Text in it can always be read."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Bytes(found) if isinstance(at, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        del errors
        return super().decode(encoding, "surrogateescape")


class _Batch:
    """The client's fast batch, decoded at once; by the slow one in Python when that cannot be done."""

    __slots__ = ("_fast", "_slow")

    def __init__(self, fast: Any, slow: Callable[[], Any]) -> None:
        self._fast = fast
        self._slow = slow

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fast, name)

    def __next__(self) -> Any:
        return next(self._fast)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._fast))
        except Exception as error:
            # The slow one, where there is no other, wraps it.
            if not any(isinstance(each, UnicodeDecodeError) for each in (error, error.__cause__)):
                raise
        slow = self._slow()
        slow._maybe_uncompress()  # noqa: SLF001 - its bytes are there only then
        slow._buffer = _Bytes(slow._buffer)  # noqa: SLF001 - as above
        return iter(slow)


def lenient(records: Callable[[bytes], Any], slow_batch: Callable[[memoryview], Any]) -> type:
    """What stands for the client's `MemoryRecords`; `slow_batch` is its decoder in Python."""

    class Records:
        def __init__(self, data: bytes) -> None:
            self._records = records(data)
            self._data = memoryview(data)
            self._at = 0
            self.has_next = self._records.has_next
            self.size_in_bytes = self._records.size_in_bytes

        def next_batch(self) -> _Batch | None:
            batch = self._records.next_batch()
            if batch is None:
                return None
            (length,) = struct.unpack_from(">i", self._data, self._at + _LENGTH_AT)
            begin, self._at = self._at, self._at + _BEFORE_LENGTH_ENDS + length
            its_bytes = self._data[begin : self._at]
            return _Batch(batch, lambda: slow_batch(its_bytes))

    return Records
