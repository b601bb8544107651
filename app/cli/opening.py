"""Which log a command speaks to: brokers, a folder, or the worker that has the folder open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.answers import NO, OUT_OF_REACH, USAGE, answer, complain, told

if TYPE_CHECKING:
    from agents.contract import Agent
    from app.core.row import Row
    from app.outside.folder import FolderLog
    from app.outside.log import Log
    from app.outside.running import WorkerLog
    from app.setting_groups import HttpSettings
    from app.settings import Settings


@asynccontextmanager
async def opened(settings: Settings, *, create: bool = False) -> AsyncIterator[Log]:
    """The log of TACTFUL_LOG; with `create` an embedded one that is not there yet is begun."""
    from app.outside.log import OutOfReachError
    from app.settings import EmbeddedAddress, KafkaAddress

    match settings.log:
        case KafkaAddress():
            from app.deployment import connection
            from app.outside.brokers import brokers_log

            async with brokers_log(connection(settings)) as brokers:
                yield brokers
        case EmbeddedAddress(path):
            found = await _embedded(path, settings.http, create=create)
            try:
                yield found
            finally:
                found.close()
        case _:
            says = "TACTFUL_LOG is memory:, of which nothing is left to look at"
            raise OutOfReachError(says, "set it to kafka://host:port or embedded:PATH")


async def _embedded(path: Path, http: HttpSettings, *, create: bool) -> FolderLog | WorkerLog:
    """The worker that runs; the folder itself only when none does, or when another folder was asked for by name."""
    from app.drivers.rocks import StoreLocked
    from app.outside.folder import FolderLog
    from app.outside.log import NoLogYetError, OutOfReachError
    from app.outside.running import WorkerLog, is_meant

    worker = WorkerLog(http)
    theirs = await worker.folder()
    if theirs is not None and is_meant(theirs, path):
        return worker
    if not create and not _is_there(path):
        says = f"there is no log at {path}, and no worker answers at {http.listen}"
        do = (
            "start `tactful worker`, or set TACTFUL_LOG (embedded:PATH or kafka://host:port) and TACTFUL_HTTP as it "
            "has them"
        )
        raise NoLogYetError(says, do)
    try:
        return FolderLog(path)
    except StoreLocked:
        says = f"{path} is open in another process, and no worker with it answers at {http.listen}"
        raise OutOfReachError(says, "set TACTFUL_HTTP to its address") from None


def _is_there(path: Path) -> bool:
    return path.exists()


def settings() -> Settings:
    """The settings of this process; a variable that is wrong is told, and the command ends."""
    from app.settings import load_settings

    with told():
        return load_settings()


def registered(given: Settings) -> frozenset[str]:
    """The names of all agents there are in this deployment."""
    return frozenset(agents_of(given))


def agents_of(given: Settings) -> dict[str, Agent]:
    """All agents there are in this deployment, by name."""
    from agents import AgentError, load

    try:
        return load(given.agents)
    except AgentError as error:
        complain(f"TACTFUL_AGENTS: {error}", USAGE)


def found_row(given: Settings, user: str) -> Row:
    """What is known of a person; the command ends when nothing is."""
    from app.core.row import NewerRow
    from app.explain.person import has_events, row_of

    async def found() -> tuple[Row | None, bool]:
        async with opened(given) as log:
            row = await row_of(log, user)
            return row, row is None and await has_events(log, user)

    try:
        row, waits = answer(found())
    except NewerRow as error:
        complain(str(error), OUT_OF_REACH)
    if waits:
        says = f"nothing is known of {user} yet, though events of theirs are on the log"
        complain(
            f"{says}: no worker has come to them (ask `tactful doctor`), or they were erased long ago", NO
        )
    if row is None or row.is_stub:
        erased = "" if row is None else ": they were erased, and nothing came since"
        complain(f"nothing is known of {user}{erased}", NO)
    return row
