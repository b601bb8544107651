"""An embedded log whose folder a worker has open: it is read and written through that worker, over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode

from app.outside.lines import from_line, to_line
from app.outside.log import MadeAnewError, OutOfReachError, RefusedError
from topics.record import NewRecord, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.setting_groups import HttpSettings

WITHIN_S = 30.0
"""An append waits for a disk, a read for the first thousand records: neither takes seconds."""
THERE_WITHIN_S = 3.0
"""A worker on this machine answers in milliseconds; who does not is somebody else."""
PIECE_BYTES = 256 * 1024
AGAIN_S = 0.5
"""How often to ask what has come since, while following."""
END = "Tactful-End"
"""The header with the offset at which the answer ends: where to go on reading."""
FOLDER = "Tactful-Folder"
"""The header with the folder's path, percent-encoded."""
_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - who listens everywhere is reached here


def reached_at(http: HttpSettings) -> tuple[str, int]:
    """Where a worker with these settings is spoken to from this machine."""
    return _HERE.get(http.host, http.host), http.port


class NeedsTokenError(OutOfReachError):
    """The worker does not know us."""


class WorkerLog:
    """See Log."""

    def __init__(self, http: HttpSettings) -> None:
        self.where = f"the worker at {http.listen}"
        self._address = reached_at(http)
        self._headers = {"Content-Type": "application/x-ndjson"}
        if http.token is not None:
            self._headers["Authorization"] = f"Bearer {http.token.get_secret_value()}"

    async def folder(self) -> Path | None:
        """The folder that the worker has open; None when none with an embedded log answers there."""
        try:
            with self._connected(THERE_WITHIN_S) as connection:
                answer = await self._asked(connection, "GET", "/topics/nudge-controls")
        except NeedsTokenError:
            raise
        except (OutOfReachError, RefusedError):
            return None
        folder = answer.headers.get(FOLDER)
        return None if folder is None else Path(unquote(folder))

    async def partitions(self, topic: str) -> int:
        del topic
        return 1

    async def read(
        self,
        topic: str,
        *,
        since: datetime | None = None,
        begin: Mapping[int, int] | None = None,
        user: str | None = None,
        follow: bool = False,
    ) -> AsyncIterator[Record]:
        first = (begin or {}).get(0)
        asked = {} if since is None else {"since": since.isoformat()}
        if first is not None:
            asked = {"from": str(first)}
        if user is not None:
            asked["user"] = user
        while True:
            with self._connected() as connection:
                answer = await self._asked(connection, "GET", f"/topics/{quote(topic)}?{urlencode(asked)}")
                end = int(answer.headers[END])
                if first is not None and end < first:
                    raise MadeAnewError(topic, 0, end=end, begin=first)
                left = b""
                while piece := await asyncio.to_thread(answer.read, PIECE_BYTES):
                    *lines, left = (left + piece).split(b"\n")
                    for line in lines:
                        yield from_line(line)
            if not follow:
                return
            asked = {"user": user} if user is not None else {}
            asked["from"] = str(end)
            await asyncio.sleep(AGAIN_S)

    async def append(self, records: Sequence[NewRecord]) -> list[tuple[int, int]]:
        body = b"".join(to_line(record) + b"\n" for record in records)
        with self._connected() as connection:
            answer = await self._asked(connection, "POST", "/topics", body)
            told = json.loads(await asyncio.to_thread(answer.read))
        return [(int(partition), int(offset)) for partition, offset in told["offsets"]]

    def close(self) -> None:
        """Nothing is kept open between two questions."""

    async def _asked(
        self, connection: HTTPConnection, method: str, path: str, body: bytes | None = None
    ) -> HTTPResponse:
        await asyncio.to_thread(connection.request, method, path, body, self._headers)
        answer = await asyncio.to_thread(connection.getresponse)
        if answer.status in {200, 202}:
            return answer
        said = _error(await asyncio.to_thread(answer.read))
        match answer.status:
            case 400:
                raise RefusedError(f"{self.where}: {said}")
            case 401 | 403:
                do = "set TACTFUL_HTTP__TOKEN_FILE as the worker has it"
                raise NeedsTokenError(f"{self.where} wants its token", do)
            case 404:
                says = f"{self.where} hands out no records"
                do = "is it a worker on an embedded log? On Kafka, set TACTFUL_LOG to the brokers"
            case status:
                says, do = f"{self.where} answers {status} ({said})", "look at its log, then try again"
        raise OutOfReachError(says, do)

    @contextmanager
    def _connected(self, within_s: float = WITHIN_S) -> Iterator[HTTPConnection]:
        connection = HTTPConnection(*self._address, timeout=within_s)
        try:
            yield connection
        except (OSError, HTTPException) as error:
            says = f"{self.where} does not answer ({str(error) or type(error).__name__})"
            raise OutOfReachError(says, "start it, or set TACTFUL_HTTP to its address") from None
        finally:
            connection.close()


def is_meant(theirs: Path, folder: Path) -> bool:
    """Whether a worker's folder is the one of TACTFUL_LOG; where that is not set, whichever it has is meant."""
    return "TACTFUL_LOG" not in os.environ or theirs == folder.resolve()


def _error(body: bytes) -> str:
    """What an answer says is wrong: our own JSON, or whatever else answers there."""
    try:
        told = json.loads(body)
        return f"{told['field']}: {told['error']}" if "field" in told else str(told["error"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()[:200]
