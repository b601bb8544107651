"""`POST /events`: CloudEvents in, structured, binary, single or batch; 202 only when the log has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from app.drivers.served import LogAway
from app.http.answers import Refusal, said
from topics.envelopes import VALUE_LIMIT
from topics.http_events import BadEvent, from_cloudevent_http

if TYPE_CHECKING:
    from app.http.together import Together

READ_WITHIN_S = 30.0
"""Who sends a body more slowly than that is cut off."""
_BATCH = "application/cloudevents-batch"
_SOON = {"Retry-After": "1"}


class Events:
    """Takes events for the log; `draining` is set when the worker ends."""

    def __init__(self, together: Together, *, agents: frozenset[str], now_ms: Callable[[], int]) -> None:
        self._together = together
        self._agents = agents
        self._now_ms = now_ms
        self.draining = False

    async def post(self, request: web.Request) -> web.StreamResponse:
        """202 with how many; 400 names the field that is wrong, and then nothing of the request is taken."""
        if self.draining:
            raise Refusal(503, "this worker is ending: send it again, to its successor", headers=_SOON)
        body = await _read(request)
        if len(body) > VALUE_LIMIT and not request.content_type.startswith(_BATCH):
            raise Refusal(413, f"an event is at most {VALUE_LIMIT} bytes long", field="body")
        try:
            records = from_cloudevent_http(request.headers, body, agents=self._agents, now_ms=self._now_ms())
        except BadEvent as bad:
            raise Refusal(400, bad.message, field=bad.field) from None
        try:
            await self._together.add(records)
        except LogAway as away:
            raise Refusal(503, f"the log cannot take events now: {away}", headers=_SOON) from None
        return said({"accepted": len(records)}, status=202)


async def _read(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            return await request.read()
    except TimeoutError:
        raise Refusal(408, f"the body did not arrive within {READ_WITHIN_S:g} s") from None
