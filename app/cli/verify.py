"""`tactful verify`: whether the promises were kept, by what the topics show."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.answers import NO, USAGE, answer, complain, examples, say, say_json

if TYPE_CHECKING:
    from app.settings import Settings
    from app.verify.finding import Broken
    from app.verify.seen import Seen

AGAIN_S = 2.0
"""Longer than any transaction of a healthy worker: what was half seen is whole by then."""
NAMED = 20
"""Findings that are printed; `--json` has all of them."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(
    epilog=examples(
        "tactful verify",
        "tactful verify --since 24h --json",
        "tactful verify --expect-idle      # after a drill: nothing may be left to do",
        codes="Exit codes: 0 all were kept, 1 one was not (its ids are printed), 2 usage, 3 cannot reach something.",
    )
)
def verify(
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN", help="Only what the log has since: how long ago (24h), or a time with an offset."
        ),
    ] = None,
    expect_idle: Annotated[
        bool,
        typer.Option("--expect-idle", help="Also that every event is decided and nothing due is waiting."),
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="With --expect-idle: as of this time, such as a story's end. [default: now]"
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object: what was seen, what is broken.")
    ] = False,
) -> None:
    """Recompute the ledger and the promises from the topics alone, without the code that decides.

    No double message, every intent open or closed exactly once, nothing sent that an earlier event had revoked,
    everything called done has its effect. It only reads; while a worker is at work, what looks broken is looked
    at twice.
    """
    from app.cli.opening import settings
    from app.cli.times import instant
    from app.outside.log import now

    try:
        begin = None if since is None else instant(since, now())
        idle_at = (now() if at is None else instant(at, now())) if expect_idle else None
    except ValueError as error:
        complain(f"--since and --at: {error}", USAGE)
    seen, found = answer(_looked(settings(), begin, idle_at))
    _tell(seen, found, as_json=as_json)
    if found:
        raise typer.Exit(NO)


async def _looked(
    given: Settings, since: datetime | None, idle_at: datetime | None
) -> tuple[Seen, list[Broken]]:
    from app.cli.opening import opened
    from app.deployment import deciding
    from app.verify.checks import broken
    from app.verify.finding import Given
    from app.verify.looking import look, still

    policy = deciding(given).policy
    asked = Given(min_gap=policy.min_gap, policy_version=policy.version, idle_at=idle_at)
    async with opened(given) as log:
        seen = await look(log, since)
    found = broken(seen, asked)
    if found:
        await asyncio.sleep(AGAIN_S)
        async with opened(given) as log:
            seen = await look(log, since)
        found = still(found, broken(seen, asked))
    return seen, found


def _tell(seen: Seen, found: list[Broken], *, as_json: bool) -> None:
    closed, still_open = len(seen.outcomes), sum(1 for _ in seen.planned)
    counted: dict[str, Any] = {
        "events": seen.counted["user-events"],
        "duplicates": seen.counted["duplicates"],
        "dead_letters": seen.counted["dead-letter"],
        "opened": closed + still_open,
        "closed": closed,
        "open": still_open,
        "nudges": len(seen.nudges),
        "recalls": len(seen.recalls),
    }
    if as_json:
        say_json({**counted, "broken": found})
        return
    say(
        f"{counted['events']:,} events ({counted['duplicates']:,} copies, {counted['dead_letters']:,} put aside), "
        f"{counted['nudges']:,} nudges, {counted['recalls']:,} recalls"
    )
    say(f"opened {counted['opened']:,} = closed {closed:,} + still open {still_open:,}")
    for one in found[:NAMED]:
        who = f" of {one.user}" if one.user else ""
        say(f"BROKEN {one.check}: {one.id}{who}: {one.says}")
    if len(found) > NAMED:
        say(f"... and {len(found) - NAMED} more: --json has them")
    say(f"{len(found)} broken" if found else "every promise that can be seen from here was kept")
