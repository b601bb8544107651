"""`tactful events tail`: what stands on a topic, and what comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import USAGE, answer, complain, examples, say

if TYPE_CHECKING:
    from app.outside.log import Log
    from app.settings import Settings
    from topics.record import Record

EXAMPLES = examples(
    "tactful events tail user-events --user ana --since 7d",
    "tactful events tail nudges --follow",
    "tactful events tail user-events nudge-pass --json > recorded.jsonl",
)


def tail(  # noqa: PLR0917 - typer passes options by name
    topics: Annotated[
        list[str], typer.Argument(metavar="TOPIC", help="user-events, nudges, nudge-outcome, ...")
    ],
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="How long ago (15m, 4h, 7d), or a time with an offset.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Only this person's records.")] = None,
    last: Annotated[
        int | None, typer.Option(min=1, help="Only the last so many, in the order of time.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes; without --since from now on.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a record: all that it is.")
    ] = False,
) -> None:
    """Print topics decoded, one record a line: all that is there, and with --follow what comes."""
    from app.cli.opening import settings
    from app.cli.times import instant
    from app.outside.log import now
    from topics import TOPICS

    names = [topic.name for topic in TOPICS]
    unknown = [topic for topic in topics if topic not in names]
    if unknown:
        complain(f"{unknown[0]!r} is no topic of ours: one of {', '.join(names)}", USAGE)
    if follow and last is not None:
        complain("--last and --follow exclude each other: use --since to begin earlier", USAGE)
    try:
        begin = instant(since, now()) if since is not None else now() if follow else None
    except ValueError as error:
        complain(f"--since: {error}", USAGE)
    wanted = _Wanted(topics, begin, user, follow=follow)
    answer(_printed(settings(), wanted, last=last, as_json=as_json))


class _Wanted:
    """Which records are asked for."""

    def __init__(self, topics: list[str], since: datetime | None, user: str | None, *, follow: bool) -> None:
        self.topics = topics
        self.since = since
        self.user = user
        self.follow = follow

    def of(self, log: Log, topic: str) -> AsyncIterator[Record]:
        return log.read(topic, since=self.since, user=self.user, follow=self.follow)


async def _printed(given: Settings, wanted: _Wanted, *, last: int | None, as_json: bool) -> None:
    from app.cli.opening import opened

    async with opened(given) as log:
        records = _together(log, wanted) if wanted.follow else _one_by_one(log, wanted)
        if last is None:
            async for record in records:
                _print(record, as_json=as_json)
            return
        youngest: deque[Record] = deque(
            sorted([record async for record in records], key=lambda one: one.timestamp_ms), maxlen=last
        )
        for record in youngest:
            _print(record, as_json=as_json)


async def _one_by_one(log: Log, wanted: _Wanted) -> AsyncIterator[Record]:
    for topic in wanted.topics:
        async for record in wanted.of(log, topic):
            yield record


async def _together(log: Log, wanted: _Wanted) -> AsyncIterator[Record]:
    """Several topics that are followed come as they come."""
    coming: asyncio.Queue[Record | Exception] = asyncio.Queue(maxsize=1_000)

    async def follow(topic: str) -> None:
        try:
            async for record in wanted.of(log, topic):
                await coming.put(record)
        except Exception as error:  # noqa: BLE001 - raised below, in the one place that waits
            await coming.put(error)

    following = [asyncio.create_task(follow(topic)) for topic in wanted.topics]
    try:
        while True:
            one = await coming.get()
            if isinstance(one, Exception):
                raise one
            yield one
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)


def _print(record: Record, *, as_json: bool) -> None:
    from app.cli.times import shown
    from app.outside.lines import to_line
    from app.outside.log import moment
    from app.outside.shown import headline, readable

    if as_json:
        say(to_line(readable(record)).decode())
        return
    who = "-" if record.key is None else record.key.decode(errors="replace").replace("\x00", "")
    place = f"{record.topic}-{record.partition}@{record.offset}"
    say(f"{shown(moment(record.timestamp_ms))}  {place}  {who}  {headline(record)}")
