"""The model that the settings choose, ready to be asked."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import ValidationError

from app.model.client import AnthropicModel
from app.model.gate import Backend, NoModel
from app.model.request import DEFAULT_EFFORT, DEFAULT_MODEL
from app.model.script import Script
from app.model.server import ScriptedServer
from app.settings import ModelSettings, SettingsError, complaints
from app.yaml12 import YamlError, load

log = logging.getLogger("tactful.model")


@asynccontextmanager
async def backend(chosen: ModelSettings) -> AsyncIterator[Backend]:
    """Who answers; the scripted server lives as long as this does."""
    match chosen.backend:
        case "none":
            yield NoModel()
        case "scripted":
            async with (
                ScriptedServer(_script(chosen.script)) as server,
                _client(chosen, server.url) as client,
            ):
                yield client
        case "anthropic":
            if not any(name.startswith("ANTHROPIC_") for name in os.environ):
                log.warning(
                    "no ANTHROPIC_API_KEY is set: unless a profile of the SDK is found, every question fails, unread "
                    "words hold their plans, and the rest goes out in the agents' own words; to try Tactful "
                    "without a key, say TACTFUL_MODEL=scripted"
                )
            async with _client(chosen, None) as client:
                yield client


@asynccontextmanager
async def _client(chosen: ModelSettings, url: str | None) -> AsyncIterator[AnthropicModel]:
    """`url` None: where the SDK's own variables point."""
    effort = {None: DEFAULT_EFFORT, "none": None}.get(chosen.effort, chosen.effort)
    try:
        client = AnthropicModel(model=chosen.name or DEFAULT_MODEL, effort=effort, base_url=url)
    except ValueError as error:
        raise SettingsError(f"TACTFUL_MODEL: {error}") from None
    try:
        yield client
    finally:
        await client.close()


def _script(story: Path | None) -> Script:
    """The `model` rules of a story file; none answers everything by default."""
    if story is None:
        return Script()
    try:
        document = load(story.read_text(encoding="utf-8"))
        rules = document.get("model") or () if isinstance(document, dict) else ()
        return Script(rules)  # TypeError when `model` is no list
    except (OSError, UnicodeDecodeError, YamlError, TypeError) as error:
        raise SettingsError(f"TACTFUL_MODEL__SCRIPT: {story} cannot be read: {error}") from None
    except ValidationError as error:
        lines = complaints(error, lambda place: ".".join(str(part) for part in place))
        raise SettingsError("\n".join(f"TACTFUL_MODEL__SCRIPT: {story}: {line}" for line in lines)) from None
