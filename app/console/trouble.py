"""What went wrong, in the words of whoever looks: what it was and what to do; nobody's name is in a log line."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from aiohttp import web

from app.console.audit import NotWrittenError
from app.console.frame_values import Trouble
from app.drivers.rocks import StoreError
from app.drivers.served import LogAway
from app.http.answers import Refusal
from app.outside.log import OutOfReachError, RefusedError

log = logging.getLogger("tactful.console")

NO_HEADERS: Mapping[str, str] = {}


def trouble_of(error: Exception, request: web.Request) -> tuple[Trouble, Mapping[str, str]]:
    """The page's value, and the headers that go with it."""
    match error:
        case Refusal():
            says = f"{error.field}: {error.error}" if error.field else error.error
            return Trouble(status=error.status, says=says), error.headers or NO_HEADERS
        case NotWrittenError():
            says = f"nothing was done: the audit cannot be written ({error})"
            do = "give TACTFUL_CONSOLE__AUDIT a file that the console may write, on a disk with room"
            return Trouble(status=503, says=says, do=do), NO_HEADERS
        case RefusedError():
            return Trouble(status=409, says=f"the log does not take it: {error}"), NO_HEADERS
        case OutOfReachError() | LogAway() | StoreError():
            do = getattr(error, "do", "look at the log, then try again")
            says = getattr(error, "says", str(error))
            return Trouble(status=503, says=says, do=do), {"Retry-After": "2"}
        case web.HTTPException():
            allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else NO_HEADERS
            return Trouble(status=error.status, says=error.reason.lower()), allowed
        case _:
            log.error("a request for %s failed by %s", _route(request), type(error).__name__, exc_info=error)
            return Trouble(status=500, says="a defect in the console: its log has more"), NO_HEADERS


def _route(request: web.Request) -> str:
    """The path as it is registered: who it was about is nobody's business."""
    resource = request.match_info.route.resource
    return "an unknown path" if resource is None else resource.canonical
