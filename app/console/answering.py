"""How the console answers: a page or its value as JSON, and headers that let nobody else in."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import msgspec
from aiohttp import web

from app.console.door import COOKIE, SESSION_S, Visitor
from app.console.frame_values import Frame

log = logging.getLogger("tactful.console")

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Nothing is kept by a browser or a proxy: the pages tell of people."""
CSRF = "Tactful-Csrf"
"""The header with the forms' secret, for a program that asks for JSON from this machine without a token."""
NEEDS_HTML = "text/html"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def wants_json(request: web.Request) -> bool:
    """A path that ends so, or a program that says so; a browser asks for HTML."""
    if request.path.endswith(".json"):
        return True
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and NEEDS_HTML not in accept


def answered(
    request: web.Request,
    visitor: Visitor,
    page: str,
    value: msgspec.Struct,
    frame: Frame,
    *,
    status: int = 200,
) -> web.StreamResponse:
    """The value as a page, or as JSON."""
    if wants_json(request):
        response = web.Response(
            body=msgspec.json.encode(value), status=status, content_type="application/json", charset="utf-8"
        )
    else:
        response = web.Response(
            text=rendered(page, value, frame), status=status, content_type=NEEDS_HTML, charset="utf-8"
        )
    return known(response, visitor, secure=request.headers.get("X-Forwarded-Proto") == "https")


def known(response: web.StreamResponse, visitor: Visitor, *, secure: bool) -> web.StreamResponse:
    """Let the visitor be known again, and hand out the forms' secret."""
    if visitor.new_cookie:
        with_session(response, visitor.new_cookie, secure=secure)
    if visitor.csrf:
        response.headers[CSRF] = visitor.csrf
    return response


def with_session(response: web.StreamResponse, cookie: str, *, secure: bool) -> None:
    """A cookie that no script reads and no other site's page sends."""
    response.set_cookie(
        COOKIE, cookie, max_age=SESSION_S, httponly=True, samesite="Strict", secure=secure, path="/"
    )


def rendered(page: str, value: object, frame: Frame) -> str:
    """The page's HTML, by its own module."""
    module: Any = import_module(f"app.console.pages.{page}")
    text: str = module.render(value, frame)
    return text


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every answer has the headers; a stream is given them before it begins."""
    try:
        response = await handler(request)
    except web.HTTPException as led:  # which is a response, too
        led.headers.update(HEADERS)
        raise
    if not response.prepared:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    return response
