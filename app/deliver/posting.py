"""One attempt over HTTP: what is posted, where it may go, and what the answer means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp
import msgspec

from app.deliver.book import Answered, key_of
from app.deliver.signing import headers
from topics.nudges import Nudge

NEVER = frozenset({400, 410, 413, 415, 422})
"""The receiver has understood that it does not want this message; asking again changes nothing."""
UNKNOWN = frozenset({408, 500, 502, 504})
"""Somebody on the way gave up: the message may have arrived."""


class TargetError(ValueError):
    """Nothing is posted to this address.

    Operator action: give an https address, or http on this machine; `--allow-http` for another one on purpose.
    """


def target(url: str, *, allow_http: bool = False) -> str:
    """The address, when it may be posted to: https, or http to this machine alone."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise TargetError(f"it is no address: {error}") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise TargetError("it is no address: write https://host/path")
    if parts.username is not None or parts.password is not None:
        raise TargetError(
            "it holds a password, which would stand in process lists: use the signature instead"
        )
    if parts.scheme == "http" and not (allow_http or _is_here(host)):
        raise TargetError(f"http to {host} can be read on the way: write https, or --allow-http")
    return url


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def body_of(nudge: Nudge, at: datetime) -> bytes:
    """`type`, `timestamp` and `data`, as Standard Webhooks has it; the data is the record of `nudges`."""
    kind = "nudge.send" if nudge.kind == "nudge" else "nudge.recall"
    return msgspec.json.encode({"type": kind, "timestamp": at, "data": nudge})


class Hook:
    """The receiver. No redirect is followed: where messages about people go, its operator says."""

    def __init__(self, session: aiohttp.ClientSession, url: str, key: bytes, *, within_s: float) -> None:
        self._session = session
        self._url = url
        self._key = key
        self._within_s = within_s

    async def post(self, nudge: Nudge, at: datetime, *, within_s: float) -> Answered:
        """One attempt; it raises nothing but CancelledError. The body of an answer is not read."""
        body = body_of(nudge, nudge.decided_at)
        message_id = key_of(nudge)
        given = {
            "content-type": "application/json",
            "idempotency-key": message_id,
            **headers(self._key, message_id, at, body),
        }
        if nudge.traceparent:
            given["traceparent"] = nudge.traceparent
        limit = aiohttp.ClientTimeout(total=min(self._within_s, within_s))
        try:
            async with self._session.post(
                self._url, data=body, headers=given, timeout=limit, allow_redirects=False
            ) as answer:
                return meaning(answer.status, answer.headers, at)
        except aiohttp.ClientConnectorError:
            return Answered("refused", "unreachable")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return Answered("unknown", type(error).__name__)


def meaning(status: int, given: Mapping[str, str], now: datetime) -> Answered:
    """What a status says of the message."""
    reason = f"status {status}"
    if 200 <= status < 300:
        return Answered("accepted", reason)
    if status in NEVER:
        return Answered("rejected", reason)
    return Answered(
        "unknown" if status in UNKNOWN else "refused", reason, _asked(given.get("Retry-After"), now)
    )


def _asked(value: str | None, now: datetime) -> timedelta | None:
    """Seconds, or a date; what is neither asks for nothing."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return timedelta(seconds=min(int(value.strip()[:9]), 10**8))
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(timedelta(), at - now) if at.tzinfo is not None else None
