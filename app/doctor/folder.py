"""An embedded log: its folder, and whether a worker is at work on it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

from app.doctor.finding import Finding, away, fine, note, wrong
from app.drivers.rocks import StoreError, StoreLocked
from app.outside.folder import FolderLog
from app.outside.log import OutOfReachError
from app.outside.running import WorkerLog, is_meant
from app.settings import HttpSettings

ABOUT = "log"


async def folder(path: Path, http: HttpSettings) -> AsyncIterator[Finding]:
    """Whether a worker could open it, or has it open and answers."""
    try:
        theirs = await WorkerLog(http).folder()
    except OutOfReachError as error:
        yield wrong(ABOUT, error.says, error.do)
        return
    if theirs is not None:
        if is_meant(theirs, path):
            yield fine(ABOUT, f"the worker at {http.listen} is at work on {theirs}")
            return
        do = "set TACTFUL_LOG or TACTFUL_HTTP, so that both mean the same worker"
        yield note(ABOUT, f"the worker at {http.listen} is at work on another folder, {theirs}", do)
    if not _is_there(path):
        yield writable(ABOUT, path)
        return
    try:
        FolderLog(path).close()
    except StoreLocked:
        do = "set TACTFUL_HTTP to the worker's address"
        yield away(ABOUT, f"{path} is open in another process, and no worker answers at {http.listen}", do)
    except StoreError as error:
        says, _, do = str(error).partition(": ")
        yield wrong(ABOUT, says, do or "bring it back from a backup")
    else:
        yield fine(ABOUT, f"{path} can be opened")
        if theirs is None:
            yield note(ABOUT, "no worker is at work on it", "start `tactful worker`")


def _is_there(path: Path) -> bool:
    return path.exists()


def writable(about: str, path: Path) -> Finding:
    """Whether a folder can be written, or made."""
    nearest = path
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return fine(about, f"{path} can be written")
    do = f"give the worker's user the right to write {nearest}, or set another folder"
    return wrong(about, f"{path} cannot be written", do)
