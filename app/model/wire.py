"""What the scripted server writes: Anthropic's messages and errors, byte for byte as the SDK expects them."""

from __future__ import annotations

from typing import Any

import msgspec

from app.core.asks import Task
from app.model.script import Fault

NOT_FOR_PRODUCTION = "not for production"
SCRIPTED_HEADER = "tactful-scripted"
CLOCK_HEADER = "tactful-clock"
STORY = "story"
"""Value of CLOCK_HEADER: the caller waits by a clock of its own, so the server answers at once."""
TAKES_HEADER = "tactful-takes"
"""How long the answer takes by the story's clock, in seconds; TIMEOUT when none ever comes."""
TIMEOUT = "timeout"

RETRY_AFTER_S = 3600
"""What a rate limit asks for, and nobody here obeys: a plan would rather be told in other words."""

ERRORS: dict[str, tuple[int, str]] = {
    "overloaded": (529, "overloaded_error"),
    "rate_limited": (429, "rate_limit_error"),
    "invalid": (400, "invalid_request_error"),
    "not_found": (404, "not_found_error"),
}
HALF = '{"text": "I was going to'
GARBAGE = '}{"text": the model has lost its thread, 7, ['
HTML = "<!doctype html><html><head><title>Welcome</title></head><body>Sign in to the Wi-Fi</body></html>"


def error(kind: str, message: str, *, number: int) -> tuple[int, dict[str, Any]]:
    """Status and body of an error."""
    status, name = ERRORS[kind]
    body = {
        "type": "error",
        "error": {"type": name, "message": message},
        "request_id": f"req_scripted_{number}",
    }
    return status, body


def message(
    text: str, *, number: int, model: str, stop_reason: str, input_tokens: int, output_tokens: int
) -> dict[str, Any]:
    """A message as `POST /v1/messages` answers it."""
    return {
        "id": f"msg_scripted_{number}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }


def said(fault: Fault | None, body: dict[str, Any] | None) -> tuple[str, str]:
    """The text of a message and why it stopped."""
    match fault:
        case "refusal":
            return "", "refusal"
        case "truncated":
            return HALF, "max_tokens"
        case "garbage":
            return GARBAGE, "end_turn"
        case _:
            return msgspec.json.encode(body).decode(), "end_turn"


def task_in(document: object) -> Task | None:
    """The task of a user turn, when it is one of the three."""
    task = document.get("task") if isinstance(document, dict) else None
    return task if task in {"reading", "compose", "judge"} else None
