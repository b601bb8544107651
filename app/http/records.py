"""`/topics`: the records of an embedded log, for the commands of its machine; on Kafka the brokers hand them out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from urllib.parse import quote

from aiohttp import web

from app.drivers.embedded import ClockAheadError, EmbeddedLog
from app.drivers.rocks import StoreError
from app.drivers.served import LogAway
from app.http.answers import Refusal, said
from app.outside.folder import records_of
from app.outside.lines import LineError, from_line, to_line
from app.outside.running import END, FOLDER
from topics import TOPICS
from topics.controls import NUDGE_CONTROLS
from topics.decode import decode
from topics.record import NewRecord, Record
from topics.user_events import USER_EVENTS, Event

PIECE_BYTES = 64 * 1024
"""Written at once; between two pieces others on the event loop get their turn."""
NAMES = frozenset(topic.name for topic in TOPICS)
WRITABLE = frozenset({USER_EVENTS.name, NUDGE_CONTROLS.name})
"""Everything else is the worker's own to write."""

Append = Callable[[Sequence[NewRecord]], Awaitable[list[tuple[int, int]]]]


class Records:
    """Reads from the folder that this worker has open, and adds to it as any service would."""

    def __init__(self, log: EmbeddedLog, append: Append) -> None:
        self._log = log
        self._folder = quote(str(log.path.resolve()))
        self._append = append

    async def get(self, request: web.Request) -> web.StreamResponse:
        """The records of a topic up to what is there now, one a line; the header says where that ends."""
        topic = request.match_info["topic"]
        if topic not in NAMES:
            raise Refusal(400, f"is no topic: one of {', '.join(sorted(NAMES))}", field="topic")
        begin, since, user = _begin(request), _since(request), request.query.get("user")
        headers = {
            "Content-Type": "application/x-ndjson",
            END: str(self._log.end(topic)),
            FOLDER: self._folder,
        }
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        piece = bytearray()
        for record in records_of(self._log, topic, begin=begin, since=since, user=user):
            piece += to_line(record) + b"\n"
            if len(piece) >= PIECE_BYTES:
                await response.write(bytes(piece))
                piece.clear()
        await response.write(bytes(piece))
        await response.write_eof()
        return response

    async def post(self, request: web.Request) -> web.StreamResponse:
        """202 with partition and offset of each, once the disk has them; 400 names the line that is wrong."""
        records = []
        for number, line in enumerate((await request.read()).splitlines(), start=1):
            try:
                record = from_line(line)
            except LineError as error:
                raise Refusal(400, f"line {number}: {error}", field="body") from None
            if record.topic not in WRITABLE:
                raise Refusal(
                    400, f"line {number}: {record.topic} is the worker's own to write", field="topic"
                )
            if record.topic == USER_EVENTS.name and _says_what_is_due(record):
                raise Refusal(400, f"line {number}: only the worker says what is due", field="type")
            records.append(
                NewRecord(record.topic, record.key, record.value, record.timestamp_ms, record.headers)
            )
        try:
            offsets = await self._append(records)
        except ClockAheadError as error:
            raise Refusal(400, str(error), field="timestamp_ms") from None
        except (LogAway, StoreError) as away:
            raise Refusal(503, f"the log cannot take records now: {away}") from None
        return said({"offsets": offsets}, status=202)


def _begin(request: web.Request) -> int:
    try:
        return max(0, int(request.query.get("from", "0")))
    except ValueError:
        raise Refusal(400, "is no offset: write a number", field="from") from None


def _since(request: web.Request) -> datetime | None:
    given = request.query.get("since")
    if given is None:
        return None
    try:
        since = datetime.fromisoformat(given)
    except ValueError:
        since = None
    if since is None or since.tzinfo is None:
        raise Refusal(400, "is no time: write it like 2026-03-02T18:00:00+01:00", field="since")
    return since


def _says_what_is_due(record: Record) -> bool:
    """Whether it is an `intent.matured`; what cannot be understood goes on to be a dead letter."""
    event = decode(record, agents=frozenset())
    return isinstance(event, Event) and event.type == "intent.matured"
