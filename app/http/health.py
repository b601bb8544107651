"""`/healthz`, `/readyz` and `/metrics`: whether it lives, whether it works, and how it does."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web

from app.http.answers import said

if TYPE_CHECKING:
    from app.wiring import Wired


class Health:
    """What an orchestrator and a monitoring system ask for; `draining` is set when the worker ends."""

    def __init__(self, wired: Wired) -> None:
        self._wired = wired
        self.draining = False

    async def alive(self, _: web.Request) -> web.StreamResponse:
        """503 when only a new process may help; one whose event loop hangs does not answer at all."""
        stuck = self._wired.served.stuck()
        return said({"alive": not stuck, "reasons": stuck}, status=503 if stuck else 200)

    async def ready(self, _: web.Request) -> web.StreamResponse:
        """503 with the reasons until every partition of ours is at work; a model that is away is no reason."""
        served = self._wired.served
        reasons = ["it is ending", *served.unready()] if self.draining else served.unready()
        answer = {
            "ready": not reasons,
            "reasons": reasons,
            "partitions": {str(number): why or "running" for number, why in served.partitions.items()},
            "model": self._model(),
        }
        return said(answer, status=503 if reasons else 200)

    async def metrics(self, _: web.Request) -> web.StreamResponse:
        return web.Response(
            body=self._wired.page(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    def _model(self) -> dict[str, object]:
        """Asked by whom, and whether it is being left alone since when."""
        circuit = self._wired.admission.circuit
        opened: datetime | None = circuit.opened_at
        return {
            "asked": self._wired.settings.model.backend,
            "circuit": "open" if circuit.is_open else "closed",
            "open_since": opened,
        }
