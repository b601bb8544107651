"""What has ended, on disk: a nudge that was delivered is not posted again by a process that died after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

from app.deliver.book import End, Ended

KEPT = timedelta(days=8)
"""A day longer than `nudges` keeps its records: what is forgotten here is gone there, too."""
_ENDS: Mapping[str, End] = {one: one for one in get_args(End)}


class ProgressError(Exception):
    """The folder cannot be used.

    Operator action: give it a folder of its own that this user may write, and run one delivery service on it.
    """


class Progress:
    """One file; a second process is refused, so that nobody posts beside it."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(folder / "delivered.sqlite", isolation_level=None, timeout=1.0)
            self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._file.execute("PRAGMA synchronous = FULL")
            self._file.execute("BEGIN EXCLUSIVE")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS ended (key TEXT PRIMARY KEY, how TEXT NOT NULL, at REAL NOT NULL) "
                "WITHOUT ROWID"
            )
            self._file.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            raise ProgressError(
                f"{folder} cannot be used ({error}): is another delivery service running on it?"
            ) from None

    def known(self) -> Mapping[str, End]:
        """How each entry ended, by its key."""
        rows = self._file.execute("SELECT key, how FROM ended")
        return {key: _ENDS[how] for key, how in rows if how in _ENDS}

    def note(self, ended: Sequence[Ended], now: datetime) -> None:
        """These are over: durable when this returns. What no reader can meet again is forgotten."""
        at = now.timestamp()
        self._file.execute("BEGIN")
        self._file.executemany(
            "INSERT OR REPLACE INTO ended VALUES (?, ?, ?)", [(one.key, one.end, at) for one in ended]
        )
        self._file.execute("DELETE FROM ended WHERE at < ?", ((now - KEPT).timestamp(),))
        self._file.execute("COMMIT")

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
