"""What a partition is folding, in a small file beside its local copy: read by the process that comes after a death.

A note is one `pwrite` without a sync. It lies in the kernel's page cache, which outlives the process (a crash, a
kill, no memory left); a machine that goes down takes the note with it, and then nobody's event is suspected.
"""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Iterable
from pathlib import Path

import msgspec

from app.core.deaths import NO_EVENT, REMEMBERED, Death

log = logging.getLogger("tactful.partition")

_NOTE = struct.Struct("<?qqH")
"""Whether something is under way, the first and the last event, how long the person's name is."""
_NOTHING = bytes(_NOTE.size)
_NAME_BYTES = 4 * 1024
"""An id has at most 1,024 characters."""
_deaths = msgspec.json.Decoder(list[Death])


class DeathNotes:
    """One partition's file of notes, `NAME.folding`, and of the deaths that were found there, `NAME.deaths`.

    `remembered` holds the deaths that were not got over when the file was opened, the latest among them.
    """

    def __init__(self, beside: Path) -> None:
        """`beside` is the folder that holds the partition's rows."""
        self.remembered: tuple[Death, ...] = ()
        self._name = beside.name
        self._deaths = beside.with_name(beside.name + ".deaths")
        beside.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(beside.with_name(beside.name + ".folding"), os.O_RDWR | os.O_CREAT, 0o600)
        if self._deaths.exists():
            self._read_deaths()
        self._look_back()

    def begin(self, user_id: str, first: int, last: int) -> None:
        name = user_id.encode()[:_NAME_BYTES]
        os.pwrite(self._file, _NOTE.pack(True, first, last, len(name)) + name, 0)

    def end(self) -> None:
        os.pwrite(self._file, _NOTHING, 0)

    def remember(self, deaths: Iterable[Death]) -> None:
        self.remembered = tuple(deaths)
        if not self.remembered:
            self._deaths.unlink(missing_ok=True)
            return
        written = self._deaths.with_suffix(".new")
        written.write_bytes(msgspec.json.encode(self.remembered))
        written.replace(self._deaths)

    def close(self) -> None:
        """Give the file back; what it says stays."""
        os.close(self._file)

    def _read_deaths(self) -> None:
        try:
            self.remembered = tuple(_deaths.decode(self._deaths.read_bytes()))
        except msgspec.DecodeError as error:
            log.warning("%s cannot be read, deaths are counted from none again: %s", self._deaths, error)
            self._deaths.unlink()

    def _look_back(self) -> None:
        """If the last process ended in the middle of something, that is one death more."""
        noted = os.pread(self._file, _NOTE.size + _NAME_BYTES, 0)
        if len(noted) < _NOTE.size:
            self.end()
            return
        under_way, first, last, length = _NOTE.unpack_from(noted)
        if not under_way:
            return
        death = Death(noted[_NOTE.size : _NOTE.size + length].decode(errors="replace"), first, last)
        self.remember([*self.remembered, death][-REMEMBERED:])
        self.end()
        log.warning(
            "%s: the last process ended in the middle of %s (%d such deaths are not got over): going on in small "
            "steps; an event that is noted at three deaths goes to the dead letters",
            self._name,
            "a wake-up or an answer" if first == NO_EVENT else f"the events at {first} to {last}",
            len(self.remembered),
        )
