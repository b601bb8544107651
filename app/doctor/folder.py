"""An embedded log: its folder, and whether a worker is at work on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.head import HEAD_KEY
from app.core.row import NewerRow, decode
from app.doctor.faults import deployment as faults
from app.doctor.faults import group as group_faults
from app.doctor.finding import Finding, fine
from app.doctor.people import people
from app.doctor.rows import consents
from app.doctor.state import room
from app.drivers.rocks import StoreError, StoreLocked
from app.outside.folder import FolderLog
from app.outside.log import OutOfReachError
from app.outside.running import NeedsTokenError, WorkerLog, is_meant
from topics.state import NUDGE_STATE

if TYPE_CHECKING:
    from app.outside.log import Log
    from app.setting_groups import HttpSettings

ABOUT = "log"
LOOKED_AT = 500
"""People whose rows are looked at."""


async def folder(path: Path, http: HttpSettings, agents: Collection[str]) -> AsyncIterator[Finding]:
    """Whether a worker could open it, or has it open and answers; and what is in it."""
    worker = WorkerLog(http)
    try:
        theirs = await worker.folder()
    except NeedsTokenError as error:
        yield faults.TOKEN_REFUSED.found(error.says, error.do)
        return
    if theirs is not None:
        if is_meant(theirs, path):
            yield fine(ABOUT, f"the worker at {http.listen} is at work on {theirs}")
            async for finding in _in(worker, agents):
                yield finding
            return
        yield faults.FOLDER_OTHER.found(f"the worker at {http.listen} is at work on another folder, {theirs}")
    for finding in room(ABOUT, path):
        yield finding
    if _is_there(path):
        async for finding in _here(path, http, agents, worker=theirs is not None):
            yield finding


async def _here(
    path: Path, http: HttpSettings, agents: Collection[str], *, worker: bool
) -> AsyncIterator[Finding]:
    """The folder itself; `worker`: one is at work, on another."""
    try:
        log = FolderLog(path)
    except StoreLocked:
        yield faults.FOLDER_IN_USE.found(
            f"{path} is open in another process, and no worker answers at {http.listen}"
        )
        return
    except StoreError as error:
        yield faults.FOLDER_DAMAGED.found(str(error).partition(": ")[0])
        return
    yield fine(ABOUT, f"{path} can be opened")
    if not worker:
        yield faults.NO_WORKER.found("no worker is at work on it")
    try:
        async for finding in _in(log, agents):
            yield finding
    finally:
        log.close()


async def _in(log: Log, agents: Collection[str]) -> AsyncIterator[Finding]:
    try:
        async for finding in people(log, agents):
            yield finding
        looked_at = granting = 0
        async for record in log.read(NUDGE_STATE.name):
            if record.key == HEAD_KEY.encode() or record.value is None:
                continue
            row = decode(record.value)
            looked_at += row.erased_at is None
            granting += row.grants_something
            if looked_at >= LOOKED_AT:
                break
        for finding in consents(looked_at, granting):
            yield finding
    except NewerRow as error:
        yield group_faults.ROWS_NEWER.found(str(error))
    except OutOfReachError as error:
        yield faults.FOLDER_IN_USE.found(error.says, error.do)


def _is_there(path: Path) -> bool:
    return path.exists()
