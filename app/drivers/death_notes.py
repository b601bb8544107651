"""What a partition is folding, in a small file beside its local copy: read by the process that comes after a death.

A note is written to a mapped file, with no call to the kernel and without a sync: there is one for each pass. It lies
in the kernel's page cache, which outlives the process (a crash, a kill, no memory left); a machine that goes down takes
the note with it, and then nobody's event is suspected.
"""

from __future__ import annotations

import logging
import mmap
import os
import struct
from collections.abc import Iterable
from pathlib import Path

import msgspec

from app.core.deaths import NO_EVENT, REMEMBERED, Death

log = logging.getLogger("tactful.partition")

_NOTE = struct.Struct("<qqH")
"""The first and the last event, how long the person's name is. Before it stands one byte: whether this holds."""
_BODY = 1
_NAME = _BODY + _NOTE.size
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
        file = os.open(beside.with_name(beside.name + ".folding"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Written out, not a hole: a full disk is an error here, and would be a signal at the first note.
            if (lacks := _NAME + _NAME_BYTES - os.fstat(file).st_size) > 0:
                os.pwrite(file, bytes(lacks), _NAME + _NAME_BYTES - lacks)
            self._note = mmap.mmap(file, 0)
        finally:
            os.close(file)
        if self._deaths.exists():
            self._read_deaths()
        self._look_back()

    def begin(self, user_id: str, first: int, last: int) -> None:
        note, name = self._note, user_id.encode()[:_NAME_BYTES]
        _NOTE.pack_into(note, _BODY, first, last, len(name))
        note[_NAME : _NAME + len(name)] = name
        note[0] = 1  # last: a process that dies before has noted nothing

    def end(self) -> None:
        self._note[0] = 0

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
        self._note.close()

    def _read_deaths(self) -> None:
        try:
            self.remembered = tuple(_deaths.decode(self._deaths.read_bytes()))
        except msgspec.DecodeError as error:
            log.warning("%s cannot be read, deaths are counted from none again: %s", self._deaths, error)
            self._deaths.unlink()

    def _look_back(self) -> None:
        """If the last process ended in the middle of something, that is one death more."""
        if not self._note[0]:
            return
        first, last, length = _NOTE.unpack_from(self._note, _BODY)
        death = Death(self._note[_NAME : _NAME + length].decode(errors="replace"), first, last)
        self.remember([*self.remembered, death][-REMEMBERED:])
        self.end()
        log.warning(
            "%s: the last process ended in the middle of %s (%d such deaths are not got over): going on in small "
            "steps; an event that is noted at three deaths goes to the dead letters",
            self._name,
            "a wake-up or an answer" if first == NO_EVENT else f"the events at {first} to {last}",
            len(self.remembered),
        )
