"""Who may do what: a bearer token; without one only this machine, and no page that a browser has open."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.http.answers import Refusal
from app.settings import SettingsError

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler

    from app.setting_groups import HttpSettings


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Access:
    """Asked before every request about people."""

    def __init__(self, settings: HttpSettings) -> None:
        """SettingsError when anybody on the network could speak for every person."""
        self._token = settings.token.get_secret_value().encode() if settings.token is not None else None
        if self._token is None and not settings.health_only and not is_loopback(settings.host):
            raise SettingsError(
                f"TACTFUL_HTTP: {settings.listen} can be reached from other machines, and whoever sends an event "
                "speaks for every person: set TACTFUL_HTTP__TOKEN_FILE, or listen on 127.0.0.1, or serve only "
                "/healthz, /readyz and /metrics by TACTFUL_HTTP__HEALTH_ONLY=true"
            )

    def needed(self, handler: Handler) -> Handler:
        """The handler, for those who may."""

        async def asked(request: web.Request) -> web.StreamResponse:
            self._ask(request)
            return await handler(request)

        return asked

    def _ask(self, request: web.Request) -> None:
        if self._token is None:
            _from_this_machine(request)
            return
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        told = given.strip().encode("utf-8", "surrogateescape")
        # Compared in constant time, whatever it is: how long it takes tells nothing of the token.
        if not hmac.compare_digest(told, self._token) or scheme.lower() != "bearer":
            raise Refusal(
                401, "the token is missing or wrong: send Authorization: Bearer TOKEN", headers=_CHALLENGE
            )


_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="tactful"'}


def _from_this_machine(request: web.Request) -> None:
    """Refuse what a browser was led into by some other site: its name for us, or where the page came from."""
    if not is_loopback(_host(f"//{request.host}")):
        raise Refusal(
            403, "without a token this worker answers to 127.0.0.1 and localhost only", field="host"
        )
    origin = request.headers.get("Origin")
    if origin is not None and not is_loopback(_host(origin)):
        raise Refusal(403, "without a token no other site's page may speak to this worker", field="origin")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
