"""The way to another console: its pages as values, asked for in the name of whoever asks us."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from aiohttp import web

    from app.console.knowing import Asking
    from app.setting_groups import ConsoleSettings

HOP = "Tactful-Console-Hop"
"""A console asks another one by it, which then asks nobody."""
WITHIN_S = 5.0
"""It answers from its own disk; a page does not wait longer for one that is gone."""


class Peers:
    """One session for all of them."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    def asking(self, request: web.Request) -> Asking:
        """With our token, or with the word of the proxy that vouched for them."""
        headers = {"Accept": "application/json", HOP: "1"}
        if self._settings.token is not None:
            headers["Authorization"] = f"Bearer {self._settings.token.get_secret_value()}"
        name = self._settings.user_header
        if name is not None and name in request.headers:
            headers[name] = request.headers[name]

        async def ask(url: str, path: str) -> bytes:
            try:
                return await self._get(url + path, headers)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise OSError(str(error) or type(error).__name__) from None

        return ask

    async def _get(self, url: str, headers: dict[str, str]) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN_S))
        async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
            body = await answer.read()
            # 404 and 503 bring a page as well: of somebody unknown, or one with a note that says why not.
            if answer.status not in {200, 404, 503}:
                raise OSError(f"it answers {answer.status}")
            return body

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
