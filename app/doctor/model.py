"""Who answers questions: whether there is a way to sign in, and whether anybody is there."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from app.core.asks import Ask, Compose
from app.doctor.finding import Finding, away, fine, note, wrong
from app.model.chosen import backend
from app.outside.log import now
from app.settings import ModelSettings, SettingsError

ABOUT = "model"
THEIRS = "https://api.anthropic.com"
CONNECT_WITHIN_S = 5.0
FACTS: dict[str, object] = {"subject": "the doctor's visit"}


async def model(chosen: ModelSettings, *, ask: bool) -> AsyncIterator[Finding]:
    """With `ask` one short question is really put, which costs some tokens."""
    match chosen.backend:
        case "none":
            says = "there is none: unread words hold their plans, everything else goes out in the agents' own words"
            yield note(ABOUT, says, "set TACTFUL_MODEL=anthropic to have people's words understood")
        case "scripted":
            yield note(ABOUT, "it is scripted: not for production", "set TACTFUL_MODEL=anthropic")
        case "anthropic":
            async for finding in _anthropic():
                yield finding
    if ask and chosen.backend != "none":
        yield await _asked(chosen)


async def _anthropic() -> AsyncIterator[Finding]:
    url = os.environ.get("ANTHROPIC_BASE_URL") or THEIRS
    signed = any(os.environ.get(name) for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"))
    if signed:
        yield fine(ABOUT, "there is a key to sign in with")
    elif "anthropic.com" in url:
        do = "set ANTHROPIC_API_KEY; or TACTFUL_MODEL=scripted to try Tactful without one"
        yield wrong(ABOUT, "there is no key: every question would fail", do)
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
        do = (
            "check ANTHROPIC_BASE_URL, the way out of this network, and its proxy; meanwhile drafts fall back"
        )
        return away(ABOUT, f"nobody answers at {url}: {str(error) or 'it took too long'}", do)
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
        return wrong(ABOUT, str(error), "mend what the line names")
    finally:
        logging.getLogger("tactful.model").removeHandler(said)
    if reply.failed is None:
        tokens = f"{reply.input_tokens} tokens in, {reply.output_tokens} out"
        return fine(ABOUT, f"{reply.model or 'it'} answered a question ({tokens})")
    do = said.last or "look at the provider's status page; requests are tried again by themselves"
    return away(ABOUT, f"a question was not answered: {reply.failed}", do)


class _Said(logging.Handler):
    """Keeps the last complaint."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.last = record.getMessage()
