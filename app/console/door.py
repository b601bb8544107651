"""Who may come in, and whose click it was: a token or a proxy's word, and a secret in every form."""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.http.access import is_loopback
from app.http.answers import Refusal
from app.settings import SettingsError

if TYPE_CHECKING:
    from aiohttp import web

    from app.setting_groups import ConsoleSettings

COOKIE = "tactful_console"
SESSION_S = 12 * 3600
"""A working day; signing in again costs one paste."""
HERE = "this machine"
TOKEN = "token"  # noqa: S105 - a word of the audit, no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who may look. `new_cookie` is to be set, when there is one."""

    who: str
    csrf: str
    new_cookie: str = ""
    by_header: bool = False
    """Known by a header that no other site's page can send: no form's secret is needed."""


class NotIn(Exception):
    """They have to sign in first."""


class Door:
    """Asked before every request."""

    def __init__(self, settings: ConsoleSettings) -> None:
        """SettingsError when anybody on the network could read about everybody."""
        self._token = settings.token.get_secret_value().encode() if settings.token is not None else None
        self._user_header = settings.user_header
        if self._token is None and self._user_header is None and not is_loopback(settings.host):
            raise SettingsError(
                f"TACTFUL_CONSOLE: {settings.listen} can be reached from other machines, and the console tells of "
                "everybody: set TACTFUL_CONSOLE__TOKEN_FILE, or TACTFUL_CONSOLE__USER_HEADER to the header in which an "
                "authenticating proxy in front says who it is, or listen on 127.0.0.1"
            )
        # Consoles with one token, or with one secret, know each other's sessions; without either this one alone does.
        secret = settings.session_secret
        given = self._token if secret is None else secret.get_secret_value().encode()
        seed = given if given is not None else secrets.token_bytes(32)
        self._key = hmac.digest(seed, b"tactful console session", "sha256")

    @property
    def has_token(self) -> bool:
        return self._token is not None

    def visitor(self, request: web.Request) -> Visitor:
        """Who it is; NotIn when they have to sign in, Refusal when no form would help."""
        if self._token is not None and self._bears_token(request):
            return Visitor(who=TOKEN, csrf="", by_header=True)
        session = self._session(request)
        if self._user_header is not None:
            who = request.headers.get(self._user_header, "").strip()
            if who:
                return self._with_session(session, who[:200])
            if self._token is None:
                raise Refusal(401, f"the proxy in front has not said who this is ({self._user_header})")
        if self._token is not None:
            if session is None:
                raise NotIn
            return self._with_session(session, TOKEN)
        from_this_machine(request)
        return self._with_session(session, HERE)

    def signed_in(self, token: str) -> str | None:
        """The cookie of somebody who has the token; None when it is another."""
        if self._token is None or not hmac.compare_digest(token.strip().encode(), self._token):
            return None
        return self._new_session()

    def check_form(self, request: web.Request, visitor: Visitor, csrf: str) -> None:
        """Refuse what some other site's page has sent in this browser."""
        if visitor.by_header:
            return
        origin = request.headers.get("Origin")
        if origin is not None and origin != "null" and urlsplit(origin).netloc != request.host:
            raise Refusal(403, "this came from another site's page")
        if visitor.new_cookie or not hmac.compare_digest(csrf.encode(), visitor.csrf.encode()):
            raise Refusal(
                403, "the form is from another session: load its page again, and send it from there"
            )

    def _bears_token(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        told = given.strip().encode("utf-8", "surrogateescape")
        return scheme.lower() == "bearer" and hmac.compare_digest(told, self._token or b"")

    def _with_session(self, session: str | None, who: str) -> Visitor:
        cookie = "" if session is not None else self._new_session()
        held = session if session is not None else cookie
        return Visitor(who=who, csrf=self._mac("csrf", held), new_cookie=cookie)

    def _new_session(self) -> str:
        named = f"{secrets.token_urlsafe(18)}.{int(time.time()) + SESSION_S}"
        return f"{named}.{self._mac('session', named)}"

    def _session(self, request: web.Request) -> str | None:
        """The cookie, if it is one of ours and not over."""
        cookie = request.cookies.get(COOKIE, "")
        named, _, mac = cookie.rpartition(".")
        expires = named.rpartition(".")[2]
        if not hmac.compare_digest(mac.encode(), self._mac("session", named).encode()):
            return None
        return cookie if expires.isdecimal() and int(expires) > time.time() else None

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}:{text}".encode(), sha256).hexdigest()


def from_this_machine(request: web.Request) -> None:
    """Refuse a browser that some other site has led here by a name of its own for this address."""
    host = urlsplit(f"//{request.host}").hostname or ""
    if not is_loopback(host):
        raise Refusal(
            403, "without a token the console answers to 127.0.0.1 and localhost only", field="host"
        )
