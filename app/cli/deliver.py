"""`tactful deliver`: the reference delivery service, from `nudges` to a webhook, and the receipts back."""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import NO, OUT_OF_REACH, USAGE, answer, complain, examples, say, say_json

if TYPE_CHECKING:
    from app.deliver.book import Ended
    from app.deliver.service import Delivery
    from app.settings import Settings

VARIABLE = "TACTFUL_WEBHOOK_SECRET"
DRAIN_S = 20.0
"""As long as a worker has: below the 30 s that a container gets."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class _Given:
    """What was asked for, checked."""

    def __init__(
        self,
        *,
        url: str,
        key: bytes,
        state: Path,
        at_once: int,
        within: timedelta,
        since: datetime | None,
        until_idle: bool,
        listen: str | None,
        as_json: bool,
    ) -> None:
        self.url = url
        self.key = key
        self.state = state
        self.at_once = at_once
        self.within_s = within.total_seconds()
        self.since = since
        self.until_idle = until_idle
        self.listen = listen
        self.as_json = as_json


@app.command(
    epilog=examples(
        "tactful deliver --webhook https://messages.example.com/hook --secret-file /run/secrets/webhook",
        "TACTFUL_WEBHOOK_SECRET=whsec_... tactful deliver --webhook http://127.0.0.1:9000/hook --until-idle --json",
        codes="Exit codes: 0 drained, 1 with --until-idle: something could not be delivered, 2 usage, 3 the log or the "
        "state folder cannot be had.",
    )
)
def deliver(  # noqa: PLR0917 - typer passes options by name
    webhook: Annotated[
        str, typer.Option(metavar="URL", help="Where to post; https, or http on this machine.")
    ],
    secret_file: Annotated[
        Path | None,
        typer.Option(
            envvar="TACTFUL_WEBHOOK_SECRET_FILE",
            metavar="FILE",
            help=f"Holds whsec_...; or the variable {VARIABLE} does.",
        ),
    ] = None,
    state: Annotated[
        Path, typer.Option(metavar="FOLDER", help="What was delivered; keep it over restarts.")
    ] = Path(".tactful/deliver"),
    at_once: Annotated[
        int, typer.Option("--at-once", min=1, help="People who are posted to at a time.")
    ] = 16,
    timeout: Annotated[str, typer.Option(metavar="TIME", help="How long one attempt may take.")] = "15s",
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN", help="Leave out what is older: how long ago (4h), or a time with an offset."
        ),
    ] = None,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when all that the topic holds has ended.")
    ] = False,
    allow_http: Annotated[
        bool,
        typer.Option("--allow-http", help="Post over http to another machine, where others can read it."),
    ] = False,
    listen: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Serve /healthz, /readyz and /metrics there."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object for each end, and logs as JSON.")
    ] = False,
) -> None:
    """Post committed nudges to a webhook, sign them, try again until they arrive, and report receipts as events.

    A person's nudges are posted one at a time and in order, each with the nudge's id as its idempotency key, and none
    after its not_after. A recall ends what was not sent yet; what may have arrived is recalled at the receiver.
    What was delivered survives a kill -9: at least once, with the same key.
    """
    from app.cli import logs
    from app.cli.opening import settings
    from app.cli.times import instant
    from app.core.policy import duration
    from app.deliver.posting import TargetError, target
    from app.deliver.signing import SecretError, secret_of
    from app.outside.log import now
    from app.setting_groups import address

    settled = settings()
    try:
        given = _Given(
            url=target(webhook, allow_http=allow_http),
            key=secret_of(_secret(secret_file)),
            state=state,
            at_once=at_once,
            within=duration(timeout),
            since=None if since is None else instant(since, now()),
            until_idle=until_idle,
            listen=None if listen is None else address(listen),
            as_json=as_json,
        )
    except TargetError as error:
        complain(f"--webhook: {error}", USAGE)
    except SecretError as error:
        complain(f"--secret-file or {VARIABLE}: {error}", USAGE)
    except ValueError as error:
        complain(f"--timeout, --since and --listen: {error}", USAGE)
    logs.begin(settled.log_level, as_json=as_json)
    failed = answer(_delivered(settled, given))
    if failed and until_idle:
        raise typer.Exit(NO)


def _secret(file: Path | None) -> str:
    if file is None:
        return os.environ.get(VARIABLE, "")
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        complain(f"--secret-file: {file} cannot be read: {error}", USAGE)


async def _delivered(settled: Settings, given: _Given) -> int:
    """How many could not be delivered."""
    import random
    from urllib.parse import urlsplit

    import aiohttp

    from app.cli.opening import opened
    from app.deliver.posting import Hook
    from app.deliver.progress import Progress, ProgressError
    from app.deliver.service import Delivery
    from app.deliver.watched import Watched
    from app.drivers.clock import SteadyClock
    from app.http.listening import CannotListen
    from app.metric_list import DELIVERY
    from app.metrics import Metrics
    from app.outside.folder import FolderLog

    async with opened(settled) as log:
        if isinstance(log, FolderLog) and not given.until_idle:
            complain(
                f"{log.where} has no worker: start `tactful worker` first, or give --until-idle", OUT_OF_REACH
            )
        try:
            progress = Progress(given.state)
        except ProgressError as error:
            complain(f"--state: {error}", OUT_OF_REACH)
        try:
            metrics = Metrics(listed=DELIVERY)
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
                delivery = Delivery(
                    log,
                    progress,
                    Hook(session, given.url, given.key, within_s=given.within_s),
                    SteadyClock(),
                    jitter=random.random,
                    at_once=given.at_once,
                    since=given.since,
                    on_end=_told if given.as_json else lambda _: None,
                    count=metrics.absorb,
                )
                watched = Watched(delivery, metrics)
                if given.listen is not None:
                    at = await watched.start(given.listen)
                    logging.getLogger("tactful.deliver").info("listening at %s", at)
                host = urlsplit(given.url).netloc  # a path may hold a token
                try:
                    await _run(delivery, host, until_idle=given.until_idle)
                finally:
                    await watched.stop()
        except CannotListen as error:
            complain(f"--listen: {error}", USAGE)
        finally:
            progress.close()
    ends = dict(sorted(delivery.counted.items()))
    if given.as_json:
        say_json({"ended": ends, "waiting": delivery.waiting})
    else:
        counted = ", ".join(f"{n:,} {name}" for name, n in ends.items()) or "nothing to do"
        say(f"{counted}; {delivery.waiting:,} waiting")
    return delivery.counted["rejected"] + delivery.counted["too_late"]


async def _run(delivery: Delivery, host: str, *, until_idle: bool) -> None:
    """Until it is over, or a signal has let what was under way end."""
    import asyncio
    import signal

    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, asked.set)
    logging.getLogger("tactful.deliver").info("posting to %s", host)
    running = asyncio.create_task(delivery.run(until_idle=until_idle))
    ending = asyncio.create_task(asked.wait())
    await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if not running.done():
        delivery.drain()
        done, _ = await asyncio.wait({running}, timeout=DRAIN_S)
        if not done:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            complain("what was under way had not ended: it is posted again, with the same keys", NO)
    await running


def _told(ended: Ended) -> None:
    say_json(
        {
            "nudge_id": ended.nudge.nudge_id,
            "kind": ended.nudge.kind,
            "agent": ended.nudge.agent,
            "end": ended.end,
            "reason": ended.reason,
            "attempts": ended.attempts,
        }
    )
