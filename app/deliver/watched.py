"""Where the service is looked after: `/healthz`, `/readyz` and `/metrics`, without anybody's words or id."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from app.core.tally import Tally
from app.http.listening import listen
from app.outside.log import OutOfReachError

if TYPE_CHECKING:
    from app.deliver.service import Delivery
    from app.metrics import Metrics


EVERY_S = 15.0
"""How often the log is asked how far it is: as often as somebody scrapes, and cheap."""


class Watched:
    """Answers for one delivery service."""

    def __init__(self, delivery: Delivery, metrics: Metrics) -> None:
        self._delivery = delivery
        self._metrics = metrics
        self._unread = 0
        self._away = ""
        self._looking: asyncio.Task[None] | None = None
        app = web.Application()
        app.add_routes(
            [
                web.get("/healthz", self._alive),
                web.get("/readyz", self._ready),
                web.get("/metrics", self._page),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)

    async def start(self, at: str) -> str:
        """Listen at `host:port`, and return the URL; CannotListen when it cannot be had."""
        host, _, port = at.rpartition(":")
        url = await listen(self._runner, host.strip("[]"), int(port), where=at)
        self._looking = asyncio.create_task(self._look(), name="how far the log is")
        return url

    async def stop(self) -> None:
        """Listen no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self._runner.cleanup()

    async def _look(self) -> None:
        """A topic that cannot be read looks like one on which nobody writes: it is asked, too, how far it is."""
        while True:
            try:
                self._unread, self._away = await self._delivery.unread(), ""
            except OutOfReachError as error:
                self._away = str(error)
            await asyncio.sleep(EVERY_S)

    @property
    def _reasons(self) -> list[str]:
        return [one for one in (self._away, self._delivery.stuck) if one]

    async def _alive(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"alive": True})

    async def _ready(self, _: web.Request) -> web.StreamResponse:
        reasons = self._reasons
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)

    async def _page(self, _: web.Request) -> web.StreamResponse:
        tally, oldest = Tally(), self._delivery.oldest
        tally.gauge("tactful_delivery_unread_nudges", self._unread)
        tally.gauge("tactful_delivery_waiting_nudges", self._delivery.waiting)
        tally.gauge(
            "tactful_delivery_oldest_waiting_timestamp_seconds", 0 if oldest is None else oldest.timestamp()
        )
        tally.gauge("tactful_delivery_log_away", 1 if self._reasons else 0)
        self._metrics.absorb(tally)
        return web.Response(
            body=self._metrics.page(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )
