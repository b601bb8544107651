"""The one importer of the anthropic SDK: one request in, one reply out, every failure sorted."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import timedelta
from typing import Any

import anthropic
from anthropic.types import Message

from app.core.asks import Ask, Failed, Reply
from app.model import wire
from app.model.failures import by_status, by_stop_reason, operator_action
from app.model.gate import Clock
from app.model.request import DEFAULT_EFFORT, DEFAULT_MODEL, headers, request
from app.model.schemas import MalformedError, parse
from topics.text import clean

log = logging.getLogger("tactful.model")

MOST_TOKENS = 100_000_000
"""A hundred times the largest context there is: what claims more, or less than none, is no `/v1/messages`."""


class AnthropicModel:
    """A model behind `/v1/messages`. It never retries, never obeys Retry-After and never raises a failure."""

    def __init__(
        self,
        *,
        model: str = DEFAULT_MODEL,
        effort: str | None = DEFAULT_EFFORT,
        base_url: str | None = None,
        api_key: str | None = None,
        clock: Clock | None = None,
        story: bool = False,
    ) -> None:
        """Without `base_url` and `api_key` the SDK's own environment variables hold.

        `story`: durations are told by the scripted server and waited for on `clock`, which is then needed.
        ValueError, with what to do, when the SDK is pointed at a profile that is not there.
        """
        if story and clock is None:
            raise ValueError("story=True needs the story's clock: pass clock=")
        self._model = model
        self._effort = effort
        self._clock = clock if story else None
        self._default_headers = {wire.CLOCK_HEADER: wire.STORY} if story else {}
        self.on_wire = 0
        try:
            self._client = anthropic.AsyncAnthropic(
                api_key=api_key or _placeholder_key(base_url),
                base_url=base_url,
                max_retries=0,
                _strict_response_validation=True,
            )
        except anthropic.AnthropicError as error:
            raise ValueError(f"no way to sign in to the model; set ANTHROPIC_API_KEY, or: {error}") from error

    async def ask(self, ask: Ask, *, limit_s: float) -> Reply:
        """The answer, or the kind of failure, within `limit_s`; Model fills in the `seconds`."""
        self.on_wire += 1
        try:
            async with asyncio.timeout(limit_s):
                reply, takes = await self._once(ask)
        except TimeoutError:
            return Reply(failed="timeout")
        finally:
            self.on_wire -= 1
        if self._clock is None or not takes:
            return reply
        late = takes == wire.TIMEOUT or float(takes) >= limit_s
        wait = limit_s if late else float(takes)
        await self._clock.sleep_until(self._clock.now() + timedelta(seconds=wait))
        return Reply(failed="timeout") if late else reply

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def _once(self, ask: Ask) -> tuple[Reply, str | None]:
        """One HTTP exchange, and what its answer says about how long it takes by a story's clock."""
        body: dict[str, Any] = request(ask, model=self._model, effort=self._effort)
        try:
            raw = await self._client.messages.with_raw_response.create(
                **body, extra_headers=self._default_headers | headers(ask)
            )
        except anthropic.APITimeoutError:
            return Reply(failed="timeout"), None
        except anthropic.APIStatusError as error:
            return Reply(failed=_refused(error)), error.response.headers.get(wire.TAKES_HEADER)
        except anthropic.APIConnectionError:
            return Reply(failed="unreachable"), None
        except (anthropic.AnthropicError, TypeError) as error:
            # The SDK says TypeError when it has found no key at all.
            log.error("the model cannot be asked (%s): set ANTHROPIC_API_KEY", type(error).__name__)  # noqa: TRY400 - the trace holds the question
            return Reply(failed="unreachable"), None
        takes = raw.headers.get(wire.TAKES_HEADER)
        try:
            return _reply(ask, await raw.parse()), takes
        except (anthropic.APIResponseValidationError, ValueError, RecursionError):
            log.warning("what answers at ANTHROPIC_BASE_URL speaks no /v1/messages: is a proxy in between?")
            return Reply(failed="malformed"), takes


def _placeholder_key(base_url: str | None) -> str | None:
    """A server of one's own needs no key, but the SDK does not send a request without one."""
    own = base_url or os.environ.get("ANTHROPIC_BASE_URL")
    given = any(os.environ.get(name) for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"))
    return "none" if own and "anthropic.com" not in own and not given else None


def _refused(error: anthropic.APIStatusError) -> Failed:
    """The kind of an HTTP error; what waiting does not cure is logged, without question or body."""
    action = operator_action(error.status_code)
    if action is not None:
        log.error("the model server answered %d (%s): %s", error.status_code, error.type or "no type", action)
    return by_status(error.status_code, error.type)


def _reply(ask: Ask, message: Message) -> Reply:
    usage = message.usage
    cached = (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
    asked, said = usage.input_tokens + cached, usage.output_tokens
    if not (0 <= asked <= MOST_TOKENS and 0 <= said <= MOST_TOKENS):
        raise ValueError("no request costs so many tokens")
    # It stands in outcomes and rows: whatever answers at ANTHROPIC_BASE_URL chooses it.
    model = clean(message.model)

    def failed(kind: Failed) -> Reply:
        return Reply(failed=kind, model=model, input_tokens=asked, output_tokens=said)

    stopped = by_stop_reason(message.stop_reason)
    if stopped is not None:
        return failed(stopped)
    text = "".join(block.text for block in message.content if block.type == "text")
    try:
        answer = parse(ask.question, text)
    except MalformedError as error:
        log.warning("an answer was outside its schema: %s", error)
        return failed("malformed")
    return Reply(answer=answer, model=model, input_tokens=asked, output_tokens=said)
