"""A question on the wire: instructions in `system`, and one user turn that is one JSON document."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from app.core.asks import Ask, Question, Task, task_of
from app.model.prompts import SYSTEM
from app.model.schemas import schema

DEFAULT_MODEL = "claude-sonnet-5-5"
DEFAULT_EFFORT = "low"
"""The answers are short and a request has 25 s: long thinking would end as a timeout."""

# What a model thinks counts too. A reading of 40 messages and 50 intents answers with 3,000 tokens at most.
MAX_TOKENS: dict[Task, int] = {"reading": 6_000, "compose": 2_000, "judge": 2_000}

ATTEMPT_HEADER = "tactful-attempt"
"""Which attempt of its pass a request is; the model itself is not told."""


def opaque(user_id: str) -> str:
    """A name for a person outside: the same for every request, and not the user id."""
    return blake2b(user_id.encode(), digest_size=8).hexdigest()


def document(question: Question) -> dict[str, Any]:
    """The question as plain JSON values; agents stand in the schema, and what references mean in the trace."""
    values: dict[str, Any] = msgspec.to_builtins(question)
    values.pop("agents", None)
    values.pop("stands_for", None)
    return values


def document_text(question: Question) -> str:
    """The user turn."""
    return msgspec.json.encode(document(question)).decode()


def request(ask: Ask, *, model: str = DEFAULT_MODEL, effort: str | None = DEFAULT_EFFORT) -> dict[str, Any]:
    """The body of `POST /v1/messages`; `effort` None for models that do not know it.

    No `cache_control`: the schema is part of what is cached and differs from reading to reading, and the
    other two prompts are shorter than the shortest text that is cached at all.
    """
    task = task_of(ask.question)
    output: dict[str, Any] = {"format": {"type": "json_schema", "schema": schema(ask.question)}}
    if effort is not None:
        output["effort"] = effort
    return {
        "model": model,
        "max_tokens": MAX_TOKENS[task],
        "system": SYSTEM[task],
        "messages": [{"role": "user", "content": document_text(ask.question)}],
        "metadata": {"user_id": opaque(ask.user_id)},
        "output_config": output,
    }


def headers(ask: Ask) -> dict[str, str]:
    """The headers of this request; the trace goes along."""
    sent = {ATTEMPT_HEADER: str(ask.attempt)}
    if ask.traceparent:
        sent["traceparent"] = ask.traceparent
    return sent
