"""What a console begins with: the log it was pointed at, and how it knows what is on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.deployment import Deciding, connection
from app.outside.log import OutOfReachError
from app.settings import EmbeddedAddress, KafkaAddress, Settings
from topics.state import NUDGE_STATE

if TYPE_CHECKING:
    from app.console.knowing import Knowing, Opened
    from app.outside.log import Log

OpenLog = Callable[[Settings], AbstractAsyncContextManager["Log"]]
"""How every command opens the log of TACTFUL_LOG; what it needs and cannot have is an OutOfReachError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A console's log. `reading` is that of whoever runs; `acting` also a folder that nobody has open."""

    knowing: Knowing
    reading: Opened
    acting: Opened
    where: str


async def begun(
    settings: Settings, opened: OpenLog, closing: AsyncExitStack, *, url: str, decides: Deciding
) -> Begun:
    """Reach the log, or say why it cannot be reached."""
    match settings.log:
        case KafkaAddress():
            return await _on_brokers(settings, opened, closing, url=url, decides=decides)
        case EmbeddedAddress(path):
            return await _on_a_folder(settings, opened, path, decides=decides)
        case _:
            says = "TACTFUL_LOG is memory:, of which nothing is left to look at"
            raise OutOfReachError(says, "set it to kafka://host:port or embedded:PATH")


async def _on_brokers(
    settings: Settings, opened: OpenLog, closing: AsyncExitStack, *, url: str, decides: Deciding
) -> Begun:
    from app.console.faust_tables import Settled  # noqa: PLC0415 - who has no brokers needs no Faust
    from app.console.kafka_knowing import KafkaKnowing  # noqa: PLC0415 - as above
    from app.outside.brokers import quiet_kafka  # noqa: PLC0415 - as above

    log = await closing.enter_async_context(opened(settings))
    settled = Settled(
        kafka=quiet_kafka(connection(settings)),
        partitions=await log.partitions(NUDGE_STATE.name),
        folder=settings.state_dir / "console",
        url=url,
        keep=settings.console.keep,
        session_timeout=settings.kafka.session_timeout,
    )

    @asynccontextmanager
    async def kept_open() -> AsyncIterator[Log]:
        yield log

    return Begun(knowing=KafkaKnowing(settled, decides), reading=kept_open, acting=kept_open, where=log.where)


async def _on_a_folder(settings: Settings, opened: OpenLog, path: Path, *, decides: Deciding) -> Begun:
    from app.console.embedded_knowing import EmbeddedKnowing  # noqa: PLC0415 - who has brokers needs no folder
    from app.outside.running import WorkerLog, is_meant  # noqa: PLC0415 - as above

    worker = WorkerLog(settings.http)
    async with opened(settings):
        pass  # there is one, and it can be read: or a command's own words say what is missing

    @asynccontextmanager
    async def of_the_worker() -> AsyncIterator[Log]:
        theirs = await worker.folder()
        if theirs is None or not is_meant(theirs, path):
            says = f"no worker with {path} answers at {settings.http.listen}"
            raise OutOfReachError(says, "start `tactful worker`, or set TACTFUL_HTTP as it has it")
        yield worker

    def by_whoever_can() -> AbstractAsyncContextManager[Log]:
        return opened(settings)

    return Begun(
        knowing=EmbeddedKnowing(worker, path, decides, keep=settings.console.keep),
        reading=of_the_worker,
        acting=by_whoever_can,
        where=f"the folder {path}",
    )
