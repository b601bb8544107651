"""The state folder: room, rights, who has it open, and whether its copies belong to these topics."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.doctor.faults import deployment as faults
from app.doctor.finding import Finding, fine
from app.drivers.kafka_identity import identity
from app.drivers.local_rows import LocalRows
from app.drivers.rocks import Store, StoreError
from topics.state import NUDGE_STATE

if TYPE_CHECKING:
    from app.drivers.kafka_client import Kafka
    from app.settings import Settings

ROOM_BYTES = 256 * 1024 * 1024
"""What RocksDB may want at once for a partition that it compacts, several times over."""


def room(about: str, path: Path, *, at_least: int = ROOM_BYTES) -> Iterator[Finding]:
    """Whether a folder can be written, or made, and has room left."""
    nearest = path
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        do = f"give the worker's user the right to write {nearest}, or set another folder"
        yield _about(about, faults.STATE_UNWRITABLE.found(f"{path} cannot be written", do))
        return
    free = shutil.disk_usage(nearest).free
    if free < at_least:
        says = f"{free // 1024**2:,} MB are free where {path} is"
        yield _about(about, faults.STATE_FULL.found(says))
    else:
        yield fine(about, f"{path} can be written, and {free // 1024**2:,} MB are free there")


def _about(about: str, finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, about=about)


async def copies(kafka: Kafka, given: Settings) -> AsyncIterator[Finding]:
    """The local copies that are there: each is looked into, and nobody is kept from it."""
    theirs = await identity(kafka, NUDGE_STATE.name)
    name = kafka.place(NUDGE_STATE.name, 0).topic
    for path in sorted(given.state_dir.glob(f"{name}-*")):
        if (path / "CURRENT").exists():
            for finding in _copy(path, theirs):
                yield finding


def in_use(folder: Path) -> Path | None:
    """A local copy below a state folder that another process has open."""
    for lock in sorted(folder.glob("*/LOCK")):
        try:
            with lock.open("rb+") as file:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return lock.parent
        except OSError:
            continue  # not ours to open, which `room` says of the whole folder
    return None


def _copy(path: Path, theirs: str | None) -> Iterator[Finding]:
    try:
        store = Store(path, look_only=True)
        rows = LocalRows(store)
    except StoreError as error:
        yield faults.STATE_DAMAGED.found(
            f"{path} cannot be opened: {str(error).partition('says: ')[2] or error}"
        )
        return
    try:
        if theirs is not None and rows.origin not in {None, theirs}:
            yield faults.STATE_FOREIGN.found(
                f"{path} is a copy of another nudge-state ({rows.origin}, and here it is {theirs})"
            )
    finally:
        store.close()
