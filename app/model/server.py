"""The scripted server: speaks `POST /v1/messages`, so that the real SDK runs against it. Not for production.

`python -m app.model.server` answers every question by default; stories start theirs in process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from app.core.asks import Task
from app.model import wire
from app.model.request import ATTEMPT_HEADER
from app.model.script import Script, ScriptedAnswer
from app.model.scripted import SCRIPTED, tokens

log = logging.getLogger("tactful.scripted")

MAX_BODY = 4 * 1024 * 1024
"""Bytes; a reading of 40 messages of 4 KB with its prompt stays under 400 KB."""

BANNER = (
    "This is Tactful's scripted model, not for production: it understands nothing and answers "
    "POST /v1/messages from the rules of a story, or with one sentence where no rule fits.\n"
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that was understood: its question, whose it is, and what it costs in tokens."""

    task: Task
    document: dict[str, Any]
    user: str
    attempt: int
    cost: int


class ScriptedServer:
    """One server and its script, on loopback. `async with ScriptedServer(script) as server: server.url`."""

    def __init__(self, script: Script | None = None, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Without a script every question is answered by default; port 0 takes a free one."""
        self.script = script or Script()
        self._host = host
        self._port = port
        self._number = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """What ANTHROPIC_BASE_URL is set to; known once it has started."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listen; OSError when the port is taken."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_get("/", self._about)
        app.router.add_post("/v1/messages", self._messages)
        app.on_response_prepare.append(_say_so)
        # A caller that has gone ends its own never-ending answer; at the end nothing waits for anybody.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._port = runner.addresses[0][1]
        self._runner = runner
        log.warning("the scripted model listens at %s: %s", self.url, wire.NOT_FOR_PRODUCTION)

    async def stop(self) -> None:
        """Close every connection; a server that has not started is left as it is."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _about(self, _request: web.Request) -> web.Response:
        return web.Response(text=BANNER)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        self._number += 1
        number = self._number
        asked = await _understood(request)
        if asked is None:
            text = "the user turn is one JSON document whose `task` is reading, compose or judge"
            return _error("invalid", text, number)
        try:
            said = self.script.answer(asked.task, asked.document, user=asked.user, attempt=asked.attempt)
        except (LookupError, TypeError):
            return _error("invalid", f"the document lacks a field of a {asked.task} question", number)
        if said.fault == "unreachable" and request.transport is not None:
            request.transport.abort()
        headers: dict[str, str] = {}
        if request.headers.get(wire.CLOCK_HEADER) == wire.STORY:
            headers[wire.TAKES_HEADER] = wire.TIMEOUT if said.fault == "timeout" else f"{said.takes_s:g}"
        elif said.fault == "timeout":
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(said.takes_s)
        return _response(said, number, asked.cost, headers)


async def _understood(request: web.Request) -> _Asked | None:
    """What is asked, when it is one of the three questions."""
    try:
        body = await request.json()
        turn = body["messages"][0]["content"]
        document = json.loads(turn)
        task = wire.task_in(document)
        attempt = int(request.headers.get(ATTEMPT_HEADER, "1"))
        user, cost = str(body["metadata"]["user_id"]), tokens(str(body["system"]) + turn)
    except (ValueError, LookupError, TypeError):
        return None
    return _Asked(task, document, user, attempt, cost) if task is not None else None


def _response(said: ScriptedAnswer, number: int, cost: int, headers: dict[str, str]) -> web.Response:
    match said.fault:
        case "overloaded" | "timeout" | "unreachable":
            return _error("overloaded", "Overloaded", number, headers)
        case "rate_limited":
            retry = {"retry-after": str(wire.RETRY_AFTER_S)}
            return _error("rate_limited", "This would exceed the rate limit.", number, headers | retry)
        case "html":
            return web.Response(text=wire.HTML, content_type="text/html", headers=headers)
        case _:
            text, stop_reason = wire.said(said.fault, said.body)
            body = wire.message(
                text,
                number=number,
                model=SCRIPTED,
                stop_reason=stop_reason,
                input_tokens=cost,
                output_tokens=tokens(text) if said.fault is None else 1,
            )
            return _json(200, body, number, headers)


def _error(kind: str, text: str, number: int, headers: dict[str, str] | None = None) -> web.Response:
    status, body = wire.error(kind, text, number=number)
    return _json(status, body, number, headers or {})


def _json(status: int, body: dict[str, Any], number: int, headers: dict[str, str]) -> web.Response:
    return web.json_response(body, status=status, headers=headers | {"request-id": f"req_scripted_{number}"})


async def _say_so(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers[wire.SCRIPTED_HEADER] = wire.NOT_FOR_PRODUCTION


async def _serve(host: str, port: int) -> None:
    async with ScriptedServer(host=host, port=port) as server:
        print(f"{BANNER}Listening at {server.url}", flush=True)  # noqa: T201 - a program's own output
        await asyncio.Event().wait()


def main() -> None:
    """Serve default answers until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m app.model.server", description=BANNER)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    chosen = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(chosen.host, chosen.port))


if __name__ == "__main__":
    main()
