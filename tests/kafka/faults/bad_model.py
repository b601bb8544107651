"""A model server that goes wrong on command: `python -m tests.kafka.faults.bad_model --script STORY`.

Until told otherwise it answers as the scripted server does. `POST /mode/NAME` makes it answer every question in
another way, `GET /counts` tells how many questions it has answered, by mode, by task and by person.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
from aiohttp import web

from app.model import wire
from app.model.chosen import _script
from app.model.request import ATTEMPT_HEADER
from app.model.server import MAX_BODY, ScriptedServer

RETRY_AFTER_S = 3600
BYTE_EVERY_S = 0.05
"""An answer of some 400 bytes takes 20 s: it is always on its way, and never there."""
EVIL = "evil"
"""Stands in every text that must never reach a person."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the honest answer to it."""

    request: web.Request
    task: str
    user: str
    answer: dict[str, Any]
    number: int

    @property
    def body(self) -> bytes:
        return json.dumps(self.answer).encode()


Answering = Callable[[Asked], Awaitable[web.StreamResponse]]


async def good(asked: Asked) -> web.StreamResponse:
    """What the script says."""
    return web.json_response(asked.answer)


async def overloaded(asked: Asked) -> web.StreamResponse:
    """529, as Anthropic says it."""
    status, body = wire.error("overloaded", "Overloaded", number=asked.number)
    return web.json_response(body, status=status)


async def rate_limited(asked: Asked) -> web.StreamResponse:
    """429, and come back in an hour."""
    status, body = wire.error("rate_limited", "This would exceed the rate limit.", number=asked.number)
    return web.json_response(body, status=status, headers={"retry-after": str(RETRY_AFTER_S)})


async def reset(asked: Asked) -> web.StreamResponse:
    """The connection is reset, every other time in the middle of the answer."""
    assert asked.request.transport is not None
    if asked.number % 2:
        response = web.StreamResponse(headers=_said(asked))
        await response.prepare(asked.request)
        await response.write(asked.body[: len(asked.body) // 2])
    asked.request.transport.abort()
    return web.Response()


async def trickle(asked: Asked) -> web.StreamResponse:
    """The right answer, byte by byte."""
    response = web.StreamResponse(headers=_said(asked))
    await response.prepare(asked.request)
    for byte in asked.body:
        await response.write(bytes([byte]))
        await asyncio.sleep(BYTE_EVERY_S)
    return response


def _said(asked: Asked) -> dict[str, str]:
    return {"content-type": "application/json", "content-length": str(len(asked.body))}


async def silence(_: Asked) -> NoReturn:
    """Nothing, for as long as anybody waits."""
    await asyncio.Event().wait()
    raise AssertionError


async def html(_: Asked) -> web.StreamResponse:
    """A proxy's page, with status 200."""
    return web.Response(text=wire.HTML, content_type="text/html")


async def refusal(asked: Asked) -> web.StreamResponse:
    """The model will not."""
    return web.json_response(asked.answer | {"content": [], "stop_reason": "refusal"})


async def truncated(asked: Asked) -> web.StreamResponse:
    """The answer ends in the middle, and says so."""
    return web.json_response(_with_text(asked, wire.HALF) | {"stop_reason": "max_tokens"})


def _with_text(asked: Asked, text: str) -> dict[str, Any]:
    return asked.answer | {"content": [{"type": "text", "text": text}]}


def _usage(given: int, said: int) -> dict[str, Any]:
    return {"usage": {"input_tokens": given, "output_tokens": said}}


DEEP = '{"id": ' + "[" * 50_000 + "]" * 50_000 + "}"


async def malformed(asked: Asked) -> web.StreamResponse:
    """No answer to this question, in one of a dozen ways."""
    bodies: Sequence[dict[str, Any] | list[Any] | str] = (
        "",
        '{"id": "msg_1", "conte',
        "\ufffd\x00\x01",
        DEEP,
        [],
        {"hello": "world"},
        asked.answer | {"content": None},
        asked.answer | {"content": []},
        asked.answer | {"stop_reason": None},
        asked.answer | _usage(-1, -1),
        asked.answer | _usage(10**30, 10**30),
        _with_text(asked, wire.GARBAGE),
        _with_text(asked, "[" * 30_000),
        _with_text(asked, json.dumps({"text": 7, "score": "high", "verdicts": EVIL})),
        _with_text(asked, '{"text": "\\ud800' + EVIL + '"}'),
    )
    body = bodies[asked.number % len(bodies)]
    text = body if isinstance(body, str) else json.dumps(body)
    return web.Response(text=text, content_type="application/json")


async def hostile(asked: Asked) -> web.StreamResponse:
    """In the right form, and meant badly: words that must not be sent, references and times that are not there."""
    texts: dict[str, Sequence[dict[str, Any]]] = {
        "compose": (
            {"text": f"Look at https://{EVIL}.example/login now, it is about your account."},
            {"text": f"Call {EVIL} on +34 600 123 456 today, it is about your account."},
            {"text": f"{EVIL} " * 300},
            {"text": f"\u202e{EVIL}\u2066\u0000"},
            {"text": f"Dear {{name}}, your {EVIL} [INSERT SUBJECT] is waiting for you here."},
            {"text": f"{EVIL}@{EVIL}.example would like to hear how it is going with you."},
        ),
        "reading": (
            {"verdicts": [{"intent": EVIL, "verdict": "resolves", "message": EVIL, "confidence": 1}]},
            {"subjects": [{"subject": EVIL, "agent": "follow_up", "message": EVIL}]},
            {"mutes": [{"subject": EVIL, "message": EVIL}] * 500},
            {
                "subjects": [
                    {"subject": EVIL, "agent": EVIL, "message": EVIL, "when": "9999-12-31T23:59:59-23:59"}
                ]
            },
        ),
        "judge": ({"score": 7}, {"score": 1, "problems": [EVIL * 10_000]}),
    }
    said = texts[asked.task]
    answer = _with_text(asked, json.dumps(said[asked.number % len(said)]))
    return web.json_response(answer | {"model": f"{EVIL}\ud800\n" * (1 + asked.number % 5_000)})


MODES: dict[str, Answering] = {
    each.__name__: each
    for each in (
        good,
        overloaded,
        rate_limited,
        reset,
        trickle,
        silence,
        html,
        refusal,
        truncated,
        malformed,
        hostile,
    )
}
ANSWERED_BADLY = ("html", "refusal", "truncated", "malformed", "hostile")
"""What comes with status 200: it counts as answered, and no circuit opens."""
ANYTHING = "anything"
"""Each question is answered in a way of its own, every third one well."""


class BadModel:
    """A road to the scripted server on which everything may happen."""

    def __init__(self, script: Path, *, port: int) -> None:
        self._scripted = ScriptedServer(_script(script))
        self._port = port
        self._mode = "good"
        self._numbers = itertools.count()
        self._chance = random.Random(1)
        self._by_mode: Counter[str] = Counter()
        self._composed: Counter[str] = Counter()

    async def serve(self) -> None:
        """Until it is ended."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/mode/{mode}", self._set)
        app.router.add_get("/counts", self._counts)
        async with self._scripted, aiohttp.ClientSession() as self._session:
            runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
            print("up", flush=True)  # noqa: T201 - how the scene hears of it
            await asyncio.Event().wait()

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        said = json.loads(body)
        headers = {ATTEMPT_HEADER: request.headers.get(ATTEMPT_HEADER, "1")}
        async with self._session.post(
            f"{self._scripted.url}/v1/messages", data=body, headers=headers
        ) as answer:
            honest = await answer.json()
        asked = Asked(
            request,
            task=str(json.loads(said["messages"][0]["content"])["task"]),
            user=str(said["metadata"]["user_id"]),
            answer=honest,
            number=next(self._numbers),
        )
        mode = self._mode
        if mode == ANYTHING:
            mode = "good" if self._chance.random() < 1 / 3 else self._chance.choice([*MODES])
        self._by_mode[mode] += 1
        if asked.task == "compose" and mode in {"good", *ANSWERED_BADLY}:
            self._composed[asked.user] += 1
        return await MODES[mode](asked)

    async def _set(self, request: web.Request) -> web.Response:
        mode = request.match_info["mode"]
        if mode != ANYTHING and mode not in MODES:
            return web.Response(status=404)
        self._mode = mode
        return web.Response()

    async def _counts(self, _: web.Request) -> web.Response:
        most = max(self._composed.values(), default=0)
        return web.json_response({"by_mode": self._by_mode, "most_composed_for_one": most})


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka.faults.bad_model", description=__doc__)
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(BadModel(given.script, port=given.port).serve())


if __name__ == "__main__":
    main()
