"""One console in this process, from its start to the signal that ends it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from aiohttp import web

from app.console.audit import Audit
from app.console.beginning import OpenLog, begun
from app.console.desk import Desk
from app.console.door import Door
from app.console.peers import Peers
from app.console.site import Site
from app.console.switches import Switches
from app.console.tail import Tail
from app.deployment import deciding
from app.http.listening import CannotListen

if TYPE_CHECKING:
    from app.console.knowing import Knowing
    from app.settings import Settings

log = logging.getLogger("tactful.console")

LEFT_FOR_REQUESTS_S = 2.0


async def serve(settings: Settings, opened: OpenLog, *, ends: asyncio.Event) -> None:
    """Until `ends` is set; SettingsError, OutOfReachError, CannotListen or NotWrittenError when it cannot begin."""
    console = settings.console
    door, decides = Door(console), deciding(settings)
    async with AsyncExitStack() as closing:
        audit = Audit(console.audit or settings.state_dir / "console" / "audit.jsonl")
        closing.callback(audit.close)
        listening = await closing.enter_async_context(_listening(console.host, console.port))
        url = console.url or _url(console.host, listening.getsockname()[1])
        peers = Peers(console)
        closing.push_async_callback(peers.close)
        begins = await begun(settings, opened, closing, url=url, decides=decides)
        tail = Tail(begins.reading)
        switches = Switches(begins.reading)
        closing.push_async_callback(tail.stop)
        closing.push_async_callback(switches.stop)
        desk = Desk(
            knowing=begins.knowing,
            door=door,
            audit=audit,
            deciding=decides,
            switches=switches,
            tail=tail,
            acting=begins.acting,
            where=begins.where,
            version=version("tactful"),
            peers=peers,
            refresh_ms=console.refresh // timedelta(milliseconds=1),
        )
        await closing.enter_async_context(_site(Site(desk), listening))
        log.info("listening at %s", url)
        await _live(begins.knowing, ends)


async def _live(knowing: Knowing, ends: asyncio.Event) -> None:
    running = asyncio.create_task(knowing.run(), name="projections")
    ending = asyncio.create_task(ends.wait(), name="signal")
    telling = asyncio.create_task(_told_of_readiness(knowing), name="readiness")
    try:
        await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (ending, telling, running):
            if not task.done():
                task.cancel()
        await asyncio.gather(ending, telling, return_exceptions=True)
    with suppress(asyncio.CancelledError):
        await running


async def _told_of_readiness(knowing: Knowing) -> None:
    was: list[str] | None = None
    while True:
        reasons = knowing.ready()
        if was is None or bool(reasons) != bool(was):
            log.info("%s", f"not ready: {'; '.join(reasons)}" if reasons else "ready")
        was = reasons
        await asyncio.sleep(0.25)


@asynccontextmanager
async def _listening(host: str, port: int) -> AsyncIterator[socket.socket]:
    """The socket, before anything else begins: other consoles are told its port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
        except OSError as error:
            raise CannotListen.at(f"TACTFUL_CONSOLE: {host}:{port}", error) from None
        yield found
    finally:
        found.close()


@asynccontextmanager
async def _site(site: Site, listening: socket.socket) -> AsyncIterator[None]:
    # No access log: a path names a person.
    runner = web.AppRunner(
        site.app, access_log=None, handle_signals=False, shutdown_timeout=LEFT_FOR_REQUESTS_S
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield
    finally:
        with suppress(TimeoutError):
            await runner.cleanup()


def _url(host: str, port: int) -> str:
    """Where other consoles reach this one, unless they are told otherwise."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - who listens everywhere is reached by its name
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
