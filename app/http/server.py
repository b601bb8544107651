"""The worker's web server: which paths there are, who may use them, and where it listens."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from app.drivers.embedded_served import EmbeddedServed
from app.http.access import Access
from app.http.answers import BODY_LIMIT, in_json
from app.http.events import Events
from app.http.health import Health
from app.http.listening import listen
from app.http.people import People
from app.http.records import Records
from app.http.together import Together

if TYPE_CHECKING:
    from app.wiring import Wired

log = logging.getLogger("tactful.http")

LEFT_FOR_REQUESTS_S = 2.0
"""How long requests under way may take when the worker ends: an append takes milliseconds."""


class WorkerServer:
    """Serves one worker; SettingsError when its address asks for a token that there is not."""

    def __init__(self, wired: Wired) -> None:
        self._settings = wired.settings.http
        access = Access(self._settings)
        self._health = Health(wired)
        self._events = Events(
            Together(wired.served.append),
            agents=frozenset(wired.deciding.agents),
            now_ms=lambda: int(wired.clock.now().timestamp() * 1000),
        )
        people = People(wired.served)
        self.app = web.Application(middlewares=[in_json], client_max_size=BODY_LIMIT)
        self.app.add_routes(
            [
                web.get("/healthz", self._health.alive),
                web.get("/readyz", self._health.ready),
                web.get("/metrics", self._health.metrics),
            ]
        )
        if not self._settings.health_only:
            self.app.add_routes(
                [
                    web.post("/events", access.needed(self._events.post)),
                    web.get("/people/{user_id}", access.needed(people.person)),
                    web.get("/people/{user_id}/intents", access.needed(people.intents)),
                ]
            )
            if isinstance(wired.served, EmbeddedServed):
                records = Records(wired.served.log, wired.served.append)
                self.app.add_routes(
                    [
                        web.get("/topics/{topic}", access.needed(records.get)),
                        web.post("/topics", access.needed(records.post)),
                    ]
                )
        # No access log: a path names a person.
        self._runner = web.AppRunner(
            self.app, access_log=None, handle_signals=False, shutdown_timeout=LEFT_FOR_REQUESTS_S
        )

    async def start(self) -> str:
        """Listen, and return the address; CannotListen when it cannot be had."""
        settings = self._settings
        where = f"TACTFUL_HTTP: {settings.listen}"
        url = await listen(self._runner, settings.host, settings.port, where=where)
        log.info("listening at %s%s", url, ", health and metrics only" if settings.health_only else "")
        return url

    def drain(self) -> None:
        """Take no more events and be unready, so that callers go elsewhere."""
        self._health.draining = self._events.draining = True

    async def stop(self) -> None:
        """Let requests under way end, and listen no more."""
        with suppress(TimeoutError):
            await self._runner.cleanup()
