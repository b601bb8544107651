"""Who answers questions: whether there is a way to sign in, and whether anybody is there."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.core.asks import Ask, Compose, Failed
from app.doctor.configuration import unpriced
from app.doctor.faults import model as faults
from app.doctor.finding import Fault, Finding, fine
from app.model.chosen import backend
from app.model.request import DEFAULT_MODEL
from app.outside.log import now
from app.settings import ModelSettings, SettingsError

if TYPE_CHECKING:
    from app.core.policy import Policy

ABOUT = "model"
THEIRS = "https://api.anthropic.com"
CONNECT_WITHIN_S = 5.0
FACTS: dict[str, object] = {"subject": "the doctor's visit"}


async def model(chosen: ModelSettings, policy: Policy | None, *, ask: bool) -> AsyncIterator[Finding]:
    """With `ask` one short question is really put, which costs some tokens."""
    match chosen.backend:
        case "none":
            yield faults.MODEL_NONE.found(
                "there is none: unread words hold their plans, everything else goes out in the agents' own words"
            )
        case "scripted":
            yield faults.MODEL_SCRIPTED.found("it is scripted: not for production")
        case "anthropic":
            async for finding in _anthropic():
                yield finding
            for finding in unpriced(policy, chosen.name or DEFAULT_MODEL) if policy is not None else ():
                yield finding
    if ask and chosen.backend != "none":
        yield await _asked(chosen)


async def _anthropic() -> AsyncIterator[Finding]:
    url = os.environ.get("ANTHROPIC_BASE_URL") or THEIRS
    signed = any(os.environ.get(name) for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"))
    if signed:
        yield fine(ABOUT, "there is a key to sign in with")
    elif "anthropic.com" in url:
        yield faults.KEY_MISSING.found("there is no key")
    yield await _reached(url)


async def _reached(url: str) -> Finding:
    """Whether anybody listens there and, where it is wanted, speaks TLS."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or (443 if secure else 80), ssl=secure or None
            )
            writer.close()
    except (OSError, ssl.SSLError, TimeoutError, ValueError) as error:
        return faults.MODEL_AWAY.found(f"nobody answers at {url}: {str(error) or 'it took too long'}")
    return fine(ABOUT, f"somebody answers at {url}")


async def _asked(chosen: ModelSettings) -> Finding:
    """Put one question as a worker would; what the client has to say about a refusal is what is to be done."""
    question = Compose(
        now=now(), agent="follow_up", approach="plain", subject="the doctor's visit", facts=FACTS, locale="en"
    )
    said = _Said()
    logging.getLogger("tactful.model").addHandler(said)
    try:
        async with backend(chosen) as one:
            reply = await one.ask(
                Ask(user_id="tactful-doctor", question=question, attempt=1),
                limit_s=chosen.limit.total_seconds(),
            )
    except SettingsError as error:
        return faults.MODEL_SETTING_WRONG.found(str(error))
    finally:
        logging.getLogger("tactful.model").removeHandler(said)
    if reply.failed is None:
        tokens = f"{reply.input_tokens} tokens in, {reply.output_tokens} out"
        return fine(ABOUT, f"{reply.model or 'it'} answered a question ({tokens})")
    return _fault(reply.failed, said.status).found(f"a question was not answered: {reply.failed}", said.last)


def _fault(failed: Failed, status: int | None) -> Fault:
    """By how the request failed, and by the status that no waiting cures, where there was one."""
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return faults.KEY_REFUSED
        case HTTPStatus.NOT_FOUND:
            return faults.MODEL_UNKNOWN
        case None:
            return faults.MODEL_OTHER_FORMAT if failed == "malformed" else faults.MODEL_FAILS
        case _:
            return faults.MODEL_REFUSES


class _Said(logging.Handler):
    """Keeps the last complaint of the client, and the status of a refusal that it is about."""

    last = ""
    status: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.ERROR:
            return
        self.last = record.getMessage()
        match record.args:
            case (int(status), *_):
                self.status = status
            case _:
                pass
