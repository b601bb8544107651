"""The kinds of failure of a request, and what an operator does about those that need one."""

from __future__ import annotations

from http import HTTPStatus

from app.core.asks import Failed

OVERLOADED = 529  # Anthropic's own status; http.HTTPStatus does not know it

_BY_TYPE: dict[str, Failed] = {
    "overloaded_error": "overloaded",
    "rate_limit_error": "rate_limited",
    "timeout_error": "timeout",
}
_BY_STATUS: dict[int, Failed] = {
    HTTPStatus.REQUEST_TIMEOUT: "timeout",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limited",
    HTTPStatus.SERVICE_UNAVAILABLE: "overloaded",
    HTTPStatus.GATEWAY_TIMEOUT: "timeout",
    OVERLOADED: "overloaded",
}
_ACTIONS: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "choose a model with structured output, and leave out `effort` if it has none",
    HTTPStatus.UNAUTHORIZED: "set ANTHROPIC_API_KEY to a valid key and restart the worker",
    HTTPStatus.PAYMENT_REQUIRED: "top up the account's credit; requests are tried again by themselves",
    HTTPStatus.FORBIDDEN: "give this API key the right to use this model",
    HTTPStatus.NOT_FOUND: "check the model's name and ANTHROPIC_BASE_URL",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "lower the size of what agents put into facts",
}


# Anything but end_turn is no answer, whatever text came with it.
_BY_STOP_REASON: dict[str, Failed] = {
    "refusal": "refused",
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
}


def by_stop_reason(reason: str | None) -> Failed | None:
    """The failure that a message stands for by why it stopped; None when it was finished."""
    return None if reason == "end_turn" else _BY_STOP_REASON.get(reason or "", "malformed")


def by_status(status: int, kind: str | None = None) -> Failed:
    """The failure that an HTTP status other than 200 stands for; `kind` is the body's `error.type`."""
    return _BY_STATUS.get(status) or _BY_TYPE.get(kind or "") or "unreachable"


def operator_action(status: int) -> str | None:
    """What to do about a status that no waiting will cure; None for those that pass by themselves."""
    if status in _BY_STATUS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    return _ACTIONS.get(status, "check TACTFUL_MODEL and ANTHROPIC_BASE_URL with `tactful doctor`")
