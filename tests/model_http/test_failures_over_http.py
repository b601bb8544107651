"""Every kind of failure, through the real SDK over real HTTP."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from app.core.asks import (
    Ask,
    Compose,
    ComposeAnswer,
    Judge,
    JudgeAnswer,
    Question,
    Reading,
    ReadingAnswer,
    Reply,
    ShownIntent,
    ShownMessage,
)
from app.model.client import AnthropicModel
from app.model.gate import Model
from app.model.script import Script
from app.model.scripted import SCRIPTED, scripted_reply
from app.model.server import ScriptedServer

NOW = datetime(2026, 3, 5, 20, 2, tzinfo=UTC)
COMPOSE = Compose(NOW, "follow_up", "natural", "the thesis", {"subject": "the thesis"}, "en")
JUDGE = Judge("follow_up", "the thesis", {"subject": "the thesis"}, "How is the thesis?")
READING = Reading(
    NOW,
    (ShownIntent("i1", "follow_up", "upcoming procedure", "surgery on Thursday", NOW, NOW),),
    (ShownMessage("m1", NOW, "person", "It went fine, home already"),),
    ("follow_up",),
)
FAULTS = {
    "overloaded": "overloaded",
    "rate_limited": "rate_limited",
    "unreachable": "unreachable",
    "refusal": "refused",
    "truncated": "truncated",
    "garbage": "malformed",
    "html": "malformed",
}


class StoryClock:
    """A clock that stands at a story's time and jumps to whatever is waited for."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    async def sleep_until(self, when: datetime) -> None:
        self.time = max(self.time, when)


def ask(question: Question = COMPOSE, *, user: str = "ana", attempt: int = 1) -> Ask:
    return Ask(user, question, attempt)


async def answered(
    script: Script, question: Question = COMPOSE, *, limit_s: float = 5, attempt: int = 1
) -> Reply:
    """What the real client makes of the scripted server's answer."""
    async with ScriptedServer(script) as server:
        model = AnthropicModel(base_url=server.url)
        try:
            return await model.ask(ask(question, attempt=attempt), limit_s=limit_s)
        finally:
            await model.close()


@asynccontextmanager
async def foreign(handle: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[AnthropicModel]:
    """Some other server at ANTHROPIC_BASE_URL."""
    app = web.Application()
    app.router.add_post("/v1/messages", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    model = AnthropicModel(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        yield model
    finally:
        await model.close()
        await runner.cleanup()


async def test_the_three_questions_are_answered() -> None:
    """Each task's answer comes back in its own kind, with the tokens and the model that it cost."""
    reading, compose, judge = [await answered(Script(), each) for each in (READING, COMPOSE, JUDGE)]
    assert reading.answer == ReadingAnswer()
    assert compose.answer == ComposeAnswer("I was thinking of the thesis. How is it going?")
    assert judge.answer == JudgeAnswer(0.9)
    for reply in (reading, compose, judge):
        assert reply.failed is None
        assert reply.model == SCRIPTED
        assert reply.input_tokens > 100
        assert reply.output_tokens > 0


@pytest.mark.parametrize(("fault", "failed"), FAULTS.items())
async def test_each_fault_is_sorted(fault: str, failed: str) -> None:
    """A fault of the server comes back as its kind, never as an exception and never as an answer."""
    reply = await answered(Script([{"ask": "compose", "fault": fault}]))
    assert (reply.answer, reply.failed) == (None, failed)


@pytest.mark.parametrize("fault", [None, "timeout", *FAULTS])
@pytest.mark.parametrize("question", [COMPOSE, READING])
async def test_wire_and_memory_agree(fault: str | None, question: Question) -> None:
    """A story goes the same way whether the script is called or asked over HTTP, to the token."""
    name = "compose" if question is COMPOSE else "reading"
    rules = [{"ask": name, "user": "ana", "takes": "3s"} | ({"fault": fault} if fault else {})]
    in_memory = scripted_reply(Script(rules), ask(question), limit_s=25)
    clock = StoryClock()
    async with ScriptedServer(Script(rules)) as server:
        backend = AnthropicModel(base_url=server.url, clock=clock, story=True)
        over_http = await Model(backend, clock=clock).ask(ask(question))
        await backend.close()
    assert over_http.seconds == in_memory.seconds
    assert (over_http.answer, over_http.failed) == (in_memory.answer, in_memory.failed)
    assert (over_http.input_tokens, over_http.output_tokens) == (
        in_memory.input_tokens,
        in_memory.output_tokens,
    )


async def test_retry_after_is_not_obeyed() -> None:
    """A 429 that asks for an hour of patience comes back within a second, after one request."""
    script = Script([{"ask": "compose", "fault": "rate_limited"}])
    began = time.monotonic()
    reply = await answered(script)
    assert reply.failed == "rate_limited"
    assert time.monotonic() - began < 1
    assert script.calls["compose"] == 1


async def test_no_answer_ends_at_the_limit() -> None:
    """A server that never answers is a timeout at the limit, and stopping it does not wait for it."""
    began = time.monotonic()
    reply = await answered(Script([{"ask": "compose", "fault": "timeout"}]), limit_s=0.2)
    assert reply.failed == "timeout"
    assert time.monotonic() - began < 1.5


async def test_nobody_listening_is_unreachable() -> None:
    """A port that nobody listens on is unreachable, at once."""
    async with ScriptedServer() as server:
        url = server.url
    model = AnthropicModel(base_url=url)
    assert (await model.ask(ask(), limit_s=5)).failed == "unreachable"
    await model.close()


async def test_what_is_down_counts_no_call() -> None:
    """A model that is down was reached by nobody, and is there again when it is up."""
    script = Script()
    script.down = True
    assert (await answered(script)).failed == "unreachable"
    assert script.calls.total() == 0
    script.down = False
    assert (await answered(script)).answer is not None


async def test_the_rule_of_a_person_is_found_behind_the_opaque_name() -> None:
    """The server knows no user id, and yet the rules of `ana`, of attempt 2 and of an approach hold."""
    rule = {
        "ask": "compose",
        "user": "ana",
        "attempt": 2,
        "reply": {"text": "Only for Ana, the second time."},
    }
    assert (await answered(Script([rule]), attempt=2)).answer == ComposeAnswer(
        "Only for Ana, the second time."
    )
    other = await answered(Script([rule]), attempt=1)
    assert other.answer != ComposeAnswer("Only for Ana, the second time.")


async def test_a_reading_settles_by_meaning() -> None:
    """A verdict that a story writes by subject comes back with the reference of this question."""
    rule = {
        "ask": "reading",
        "contains": "WENT fine",
        "reply": {"verdicts": [{"intent": "Upcoming  procedure", "verdict": "resolves", "confidence": 0.97}]},
    }
    reply = await answered(Script([rule]), READING)
    assert isinstance(reply.answer, ReadingAnswer)
    (verdict,) = reply.answer.verdicts
    assert (verdict.intent, verdict.message, verdict.confidence) == ("i1", "m1", 0.97)


async def test_a_storys_clock_waits_for_the_answer() -> None:
    """With a story's clock 20 s pass there and none here, and a timeout takes the limit of a request."""
    rules: list[dict[str, Any]] = [
        {"ask": "compose", "times": 1, "takes": "20s"},
        {"ask": "compose", "fault": "timeout"},
    ]
    clock = StoryClock()
    began = time.monotonic()
    async with ScriptedServer(Script(rules)) as server:
        backend = AnthropicModel(base_url=server.url, clock=clock, story=True)
        model = Model(backend, clock=clock)
        first, second = await model.ask(ask()), await model.ask(ask())
        await backend.close()
    assert (first.failed, first.seconds) == (None, 20.0)
    assert (second.failed, second.seconds) == ("timeout", 25.0)
    assert clock.time == NOW + timedelta(seconds=45)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("status", "kind", "failed"),
    [
        (400, "invalid_request_error", "unreachable"),
        (401, "authentication_error", "unreachable"),
        (403, "permission_error", "unreachable"),
        (404, "not_found_error", "unreachable"),
        (413, "request_too_large", "unreachable"),
        (500, "api_error", "unreachable"),
        (502, "", "unreachable"),
        (503, "", "overloaded"),
        (504, "timeout_error", "timeout"),
        (529, "overloaded_error", "overloaded"),
    ],
)
async def test_each_status_is_sorted(
    status: int, kind: str, failed: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A 4xx tells the operator what to do, and no log line holds a word of the person."""

    async def handle(_: web.Request) -> web.Response:
        message = {"type": kind, "message": "your text was: the thesis"}
        return web.json_response({"type": "error", "error": message}, status=status)

    async with foreign(handle) as model:
        assert (await model.ask(ask(), limit_s=5)).failed == failed
    ours = [record.getMessage() for record in caplog.records if record.name == "tactful.model"]
    assert bool(ours) == (status < 500)
    assert "thesis" not in "".join(ours)


def message(text: str, **over: Any) -> dict[str, Any]:
    """A message that answers with this text."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "elsewhere-1",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 3, "cache_read_input_tokens": 90},
    } | over


GOOD = '{"text": "How is the thesis coming along?"}'
THOUGHT = [
    {"type": "thinking", "thinking": "", "signature": "c2ln"},
    {"type": "text", "text": GOOD},
]


@pytest.mark.parametrize(
    ("body", "failed"),
    [
        (message(GOOD), None),
        (message("", content=THOUGHT), None),
        (message(GOOD, stop_reason="refusal"), "refused"),
        (message(GOOD, stop_reason="max_tokens"), "truncated"),
        (message(GOOD, stop_reason="model_context_window_exceeded"), "truncated"),
        (message(GOOD, stop_reason="stop_sequence"), "malformed"),
        (message(GOOD, stop_reason=None), "malformed"),
        (message(""), "malformed"),
        (message("", content=[]), "malformed"),
        (message('{"words": "no text"}'), "malformed"),
        (message('{"text": 7}'), "malformed"),
        (message(GOOD, content=None), "malformed"),
        (message(GOOD, usage={"input_tokens": -1, "output_tokens": 3}), "malformed"),
        (message(GOOD, usage={"input_tokens": 10**30, "output_tokens": 3}), "malformed"),
        ({"hello": "world"}, "malformed"),
        ([], "malformed"),
    ],
)
async def test_only_a_finished_answer_in_its_schema_counts(body: object, failed: str | None) -> None:
    """Of all that comes with status 200, only a message that ended its turn inside the schema is good."""

    async def handle(_: web.Request) -> web.Response:
        return web.json_response(body)

    async with foreign(handle) as model:
        reply = await model.ask(ask(), limit_s=5)
    assert reply.failed == failed
    assert (reply.answer is None) == (failed is not None)
    if failed is None:
        assert (reply.model, reply.input_tokens, reply.output_tokens) == ("elsewhere-1", 100, 3)


@pytest.mark.parametrize(
    "body", [b"", b'{"id": "msg_1", "conte', b"\xff\xfe", b'{"id": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"]
)
async def test_half_a_body_is_malformed(body: bytes) -> None:
    """A body that calls itself JSON and is none, or has no bottom, is malformed, not an exception."""

    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    async with foreign(handle) as model:
        assert (await model.ask(ask(), limit_s=5)).failed == "malformed"


@pytest.mark.parametrize("named", ["m\ud800", "m\n\x00\u202e", "m" * 1_000_000])
async def test_the_models_name_is_data(named: str) -> None:
    """Whatever an answer calls its model, what stands in the outcome is short, one line, and can be written."""

    async def handle(_: web.Request) -> web.Response:
        return web.json_response(message(GOOD, model=named))

    async with foreign(handle) as model:
        reply = await model.ask(ask(), limit_s=5)
    assert reply.failed is None
    assert reply.model == "m" * min(len(reply.model), 120)
    assert msgspec.json.encode(reply)


async def test_what_goes_over_the_wire() -> None:
    """One request holds the schema, the attempt, an opaque name, and the question as the whole user turn."""
    seen: list[tuple[dict[str, Any], dict[str, str]]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((await request.json(), dict(request.headers)))
        return web.json_response(message("{}"))

    async with foreign(handle) as model:
        await model.ask(Ask("ana@example.org", READING, 2, traceparent="00-1-2-01"), limit_s=5)
    ((body, headers),) = seen
    assert headers["tactful-attempt"] == "2"
    assert headers["traceparent"] == "00-1-2-01"
    assert "tactful-clock" not in headers
    assert body["output_config"]["format"]["type"] == "json_schema"
    assert [turn["role"] for turn in body["messages"]] == ["user"]
    assert "ana@example.org" not in str(body)
    assert "stream" not in body
    assert "tools" not in body


async def test_without_a_key_it_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Without any key nothing is sent, and the operator is told which one is missing."""
    for name in [name for name in os.environ if name.startswith("ANTHROPIC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    model = AnthropicModel()
    assert (await model.ask(ask(), limit_s=5)).failed == "unreachable"
    assert "ANTHROPIC_API_KEY" in caplog.text
    await model.close()


def test_a_missing_profile_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A sign-in that is configured and not there is told at start, with the variable that cures it."""
    for name in [name for name in os.environ if name.startswith("ANTHROPIC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    with pytest.raises(ValueError, match="ANTHROPIC_API_KEY"):
        AnthropicModel()


async def test_the_server_says_what_it_is() -> None:
    """The scripted server says at its door that it is not for production, and refuses what is no question."""
    import aiohttp  # noqa: PLC0415 - a bare client, for this fact alone

    async with ScriptedServer() as server, aiohttp.ClientSession() as session:
        async with session.get(server.url) as door:
            assert "not for production" in await door.text()
            assert door.headers["tactful-scripted"] == "not for production"
        for body in (b"{", b"[]", b'{"messages": [{"content": "hello"}]}'):
            async with session.post(f"{server.url}/v1/messages", data=body) as answer:
                assert answer.status == 400
                assert (await answer.json())["error"]["type"] == "invalid_request_error"


async def test_a_cancelled_request_frees_its_place() -> None:
    """A request that nobody waits for any more holds neither a slot nor a place in the minute."""
    clock = StoryClock()
    async with ScriptedServer(Script([{"ask": "compose", "fault": "timeout"}])) as server:
        backend = AnthropicModel(base_url=server.url)
        model = Model(backend, clock=clock)
        waiting = asyncio.create_task(model.ask(ask()))
        await asyncio.sleep(0.05)
        assert model.on_wire == 1
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await backend.close()
    assert model.admission.in_flight == 0
    assert model.admission.minute.left(clock.now()) == 600
    assert model.on_wire == 0
