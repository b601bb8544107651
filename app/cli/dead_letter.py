"""`tactful dead-letter`: what could not be understood, and back with it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import NO, USAGE, answer, complain, examples, say, say_json

if TYPE_CHECKING:
    from datetime import datetime

    from app.outside.letters import Letter, Mended, Replay
    from app.settings import Settings

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)

AT_ONCE = 500
"""Letters in one append: of the largest, some tens of megabytes in a hundred batches."""

Reason = Annotated[
    str, typer.Option(metavar="REASON", help="Only these: not_json, invalid_data, defect, ...")
]
Which = Annotated[
    str, typer.Option(metavar="LETTER", help="Only this one, by its name, such as dead-letter-0@17.")
]


@app.callback()
def _dead_letter() -> None:
    """What could not be understood, and back with it."""


@app.command(
    "list",
    epilog=examples(
        "tactful dead-letter list", "tactful dead-letter list --reason defect --since 24h --json"
    ),
)
def list_(
    reason: Reason = "",
    letter: Which = "",
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="How long ago (24h), or a time with an offset.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a letter, with the record.")
    ] = False,
) -> None:
    """Print the dead letters in their order: when, whose, why, and where the record stood before."""
    from app.cli.opening import settings
    from app.cli.times import instant
    from app.outside.log import now

    _check(reason)
    try:
        begin = None if since is None else instant(since, now())
    except ValueError as error:
        complain(f"--since: {error}", USAGE)
    found = answer(_found(settings(), reason, letter, begin))
    for each in found:
        _print(each, as_json=as_json)
    if not as_json:
        counts = ", ".join(
            f"{count} {why}" for why, count in Counter(one.reason for one in found).most_common()
        )
        letters = "dead letter" if len(found) == 1 else "dead letters"
        say(f"{len(found)} {letters}: {counts}" if found else "no dead letters")


@app.command(
    epilog=examples(
        "tactful dead-letter replay --reason defect --dry-run",
        "tactful dead-letter replay --reason invalid_data",
        "tactful dead-letter list --json --letter dead-letter-0@17     # look at it; save and mend its value",
        "tactful dead-letter replay --letter dead-letter-0@17 --value mended.json",
    )
)
def replay(  # noqa: PLR0917 - typer passes options by name
    reason: Reason = "",
    letter: Which = "",
    value: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="With --letter: what it should have said, instead of what it says."
        ),
    ] = None,
    user: Annotated[
        str,
        typer.Option(
            metavar="USER", help="With --letter: whose it is, where it came without a key or with another's."
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go back; write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Write what is understood by now back to user-events: untouched, with its own source and id, and once.

    A letter that would be put aside again stays where it is, and is named with the reason. What went back bears
    a header with its letter's name, so that it goes back once however often this is asked.
    With --letter and --value one letter goes back mended; the letter itself stays as it came.
    """
    from app.cli.opening import settings

    _check(reason)
    if (value is not None or user) and not letter:
        complain("--value and --user mend one letter: say which by --letter", USAGE)
    mended = _mended(value, user)
    done = answer(_replayed(settings(), reason, letter, mended, dry_run=dry_run))
    if letter and not (done.back or done.before or done.wrong):
        complain(f"there is no letter {letter}: `tactful dead-letter list` names them", NO)
    if as_json:
        say_json(
            {
                "replayed": [] if dry_run else [one.place for one in done.back],
                "would_be_replayed": [one.place for one in done.back] if dry_run else [],
                "replayed_before": [one.place for one in done.before],
                "still_wrong": [{"letter": one.place, "why": why} for one, why in done.wrong],
            }
        )
        return
    for one, why in done.wrong:
        say(f"{one.place} stays: {why}")
    back = "would go back" if dry_run else "went back"
    say(
        f"{len(done.back)} {back}, {len(done.before)} went back before, {len(done.wrong)} are still not understood"
    )


def _check(reason: str) -> None:
    from topics.dead_letters import DEAD_REASONS

    if reason and reason not in DEAD_REASONS:
        complain(f"--reason: {reason!r} is none: one of {', '.join(DEAD_REASONS)}", USAGE)


def _mended(value: Path | None, user: str) -> Mended:
    """What is said instead; a file that cannot be read is told."""
    from app.outside.letters import Mended

    try:
        said = None if value is None else value.read_bytes().strip()
    except OSError as error:
        complain(f"--value: {value} cannot be read: {error.strerror}", USAGE)
    return Mended(value=said, key=user.encode() or None)


async def _found(given: Settings, reason: str, letter: str, since: datetime | None) -> list[Letter]:
    from app.cli.opening import opened
    from app.outside.letters import letters

    async with opened(given) as log:
        return await letters(log, reason=reason, place=letter, since=since)


async def _replayed(given: Settings, reason: str, letter: str, mended: Mended, *, dry_run: bool) -> Replay:
    from app.cli.opening import opened, registered
    from app.outside.letters import letters, planned

    async with opened(given) as log:
        found = [mended.of(one) for one in await letters(log, reason=reason, place=letter)]
        replay = await planned(log, found, registered(given))
        for begin in range(0, 0 if dry_run else len(replay.back), AT_ONCE):
            await log.append([one.again() for one in replay.back[begin : begin + AT_ONCE]])
        return replay


def _print(letter: Letter, *, as_json: bool) -> None:
    import msgspec

    from app.cli.times import shown
    from app.outside.lines import to_line

    if as_json:
        say_json(
            {
                "letter": letter.place,
                "at": letter.at,
                "reason": letter.reason,
                "error": letter.error,
                "from": letter.came_from,
                "record": msgspec.Raw(to_line(letter.before())),
            }
        )
        return
    who = "(no key)" if letter.record.key is None else letter.record.key.decode(errors="replace")
    say(
        f"{shown(letter.at)}  {letter.place}  {who}  {letter.reason}: {letter.error}  (was {letter.came_from})"
    )
