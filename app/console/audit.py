"""Who did what, to whom, and when: written down before it is done, and never with anybody's words."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from app.console.operator_values import Audited

log = logging.getLogger("tactful.audit")

SHOWN = 200
_TAIL_BYTES = 256 * 1024


class NotWrittenError(Exception):
    """The audit cannot be written, so nothing is done.

    Operator action: give TACTFUL_CONSOLE__AUDIT a file that this user may write, on a disk that has room.
    """


class Audit:
    """A file to which lines are only added, readable by its owner alone: it names people."""

    def __init__(self, path: Path) -> None:
        """NotWrittenError when it cannot be had."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise NotWrittenError(f"{path}: {error.strerror}") from None

    def write(self, entry: Audited) -> None:
        """On the disk when this returns; the log has what was done and by whom, without saying to whom."""
        try:
            os.write(self._file, msgspec.json.encode(entry) + b"\n")
            os.fsync(self._file)
        except OSError as error:
            raise NotWrittenError(f"{self._path}: {error.strerror}") from None
        log.info("%s by %s", entry.what, entry.who)

    def latest(self) -> list[Audited]:
        """The last of them, latest first."""
        return list(self._backwards())[:SHOWN]

    def close(self) -> None:
        os.close(self._file)

    def _backwards(self) -> Iterator[Audited]:
        size = os.fstat(self._file).st_size
        data = os.pread(self._file, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        lines = data.splitlines()[1 if size > _TAIL_BYTES else 0 :]
        for line in reversed(lines):
            yield msgspec.json.decode(line, type=Audited)
