"""What is said over HTTP: JSON, and errors as `{"error", "field"?}`; nobody's words are in an error or in a log."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

log = logging.getLogger("tactful.http")

BODY_LIMIT = 4 * 1024 * 1024
"""A batch of 16 events of the largest size, or some ten thousand of the usual."""

_encode = msgspec.json.Encoder().encode


class Refusal(Exception):
    """A request that is not done, with the status and what the caller may do about it."""

    def __init__(
        self, status: int, error: str, *, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.field = field
        self.headers = headers


def said(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A value as JSON."""
    return web.Response(
        body=_encode(value), status=status, headers=headers, content_type="application/json", charset="utf-8"
    )


def refused(refusal: Refusal) -> web.Response:
    """An error as everybody gets it."""
    body = {"error": refusal.error}
    if refusal.field is not None:
        body["field"] = refusal.field
    return said(body, status=refusal.status, headers=refusal.headers)


@web.middleware
async def in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is said as JSON; what nobody foresaw is logged by its kind alone."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return refused(refusal)
    except web.HTTPRequestEntityTooLarge:
        return refused(
            Refusal(413, f"a body is at most {BODY_LIMIT} bytes long: send less at once", field="body")
        )
    except web.HTTPException as error:
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return refused(Refusal(error.status, error.reason.lower(), headers=allowed))
    except Exception as error:
        log.exception("a request for %s failed by %s", _route(request), type(error).__name__)
        return refused(Refusal(500, "a defect in the worker: its log has more"))


def _route(request: web.Request) -> str:
    """The path as it is registered: who it was about is nobody's business."""
    resource = request.match_info.route.resource
    return "an unknown path" if resource is None else resource.canonical
