"""`tactful events import`: many events from a file, checked first, then on the log in their order."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import USAGE, answer, complain, examples, say, say_json
from app.cli.files import EventFile, Format, on_disk, read

if TYPE_CHECKING:
    from app.settings import Settings
    from app.sources.files import Good
    from topics.record import NewRecord

AT_ONCE = 2_000
"""Records in one append: as many as a worker takes at once."""
BYTES_AT_ONCE = 1024 * 1024
"""Below what a worker takes over HTTP (4 MB), since a line is longer than its record."""
TOLD_EVERY_S = 2.0
NAMED = 20
"""Bad lines that are named before the rest is only counted."""

EXAMPLES = examples(
    "tactful events import events.jsonl",
    "zcat events.jsonl.gz | tactful events import - --dry-run",
    "tactful events import --format memorybank memory_bank_en.json",
    "tactful events import --format collegemsg CollegeMsg.txt --json",
)


class Counted:
    """What is known of a file after it was checked."""

    def __init__(self) -> None:
        self.events = 0
        self.ahead = 0
        self.people: set[bytes | None] = set()

    def add(self, good: Good) -> None:
        self.events += 1
        self.ahead += good.is_ahead
        self.people.add(good.record.key)


def import_(
    file: EventFile,
    form: Format = "plain",
    timestamps: Annotated[
        str, typer.Option(metavar="WHICH", help="The records' timestamps: now, or the event's own time.")
    ] = "now",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check the file; nothing is written.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Put the events of a file on the log, in their order and with their own times and identities.

    The whole file is checked first; when a line is bad, all of them are named and nothing is written.
    Importing a file twice does no harm where it is one: the same source and id is one event to a person's
    last 256 events.
    """
    from app.cli.opening import registered, settings

    if timestamps not in {"now", "event"}:
        complain(f"--timestamps: {timestamps!r} is not known: now or event", USAGE)
    given = settings()
    agents = registered(given)
    with on_disk(file) as kept:
        counted = _checked(kept, form, agents)
        began = time.monotonic()
        if not dry_run:
            answer(
                _written(given, _records(kept, form, agents, own_time=timestamps == "event"), counted.events)
            )
    seconds = time.monotonic() - began
    told = {
        "events": counted.events,
        "people": len(counted.people),
        "ahead": counted.ahead,
        "written": 0 if dry_run else counted.events,
        "seconds": round(seconds, 3),
        "per_second": round(counted.events / seconds) if seconds and not dry_run else None,
    }
    if as_json:
        say_json(told)
        return
    if counted.ahead:
        say(
            f"{counted.ahead} events are dated more than 5 min ahead of now: the log's time will count for them"
        )
    what = f"{counted.events:,} events of {len(counted.people):,} people"
    say(
        f"{what} are good; nothing was written"
        if dry_run
        else f"{what} in {seconds:.1f} s ({told['per_second']:,}/s)"
    )


def _checked(file: Path, form: str, agents: frozenset[str]) -> Counted:
    """Look at every line; the command ends when one is bad."""
    from app.sources.files import Bad

    counted, wrong = Counted(), 0
    for one in read(file, form, agents):
        if not isinstance(one, Bad):
            counted.add(one)
            continue
        wrong += 1
        if wrong <= NAMED:
            print(f"line {one.line}: {one.field}: {one.problem}", file=sys.stderr)
    if wrong:
        more = f" ({wrong - NAMED} more are not named)" if wrong > NAMED else ""
        complain(f"{wrong} of {counted.events + wrong} lines are bad{more}: nothing was written", USAGE)
    return counted


def _records(file: Path, form: str, agents: frozenset[str], *, own_time: bool) -> Iterator[NewRecord]:
    import msgspec

    from app.sources.files import Good

    for one in read(file, form, agents):
        if isinstance(one, Good):
            record = one.record
            yield msgspec.structs.replace(record, timestamp_ms=one.time_ms) if own_time else record


async def _written(given: Settings, records: Iterable[NewRecord], total: int) -> None:
    from app.cli.opening import opened

    with _progress(total) as advance:
        async with opened(given, create=True) as log:
            for batch in _batches(records):
                await log.append(batch)
                advance(len(batch))


def _batches(records: Iterable[NewRecord]) -> Iterator[list[NewRecord]]:
    batch: list[NewRecord] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.value or b"")
        if len(batch) >= AT_ONCE or size >= BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, a line now and then elsewhere; both on stderr, so that stdout is the answer alone."""
    if sys.stderr.isatty():
        with _bar(total) as advance:
            yield advance
        return
    began = last = time.monotonic()
    done = 0

    def advance_in_lines(more: int) -> None:
        nonlocal done, last
        done += more
        now = time.monotonic()
        if now - last >= TOLD_EVERY_S:
            last = now
            print(f"{done:,} of {total:,} ({done / (now - began):,.0f}/s)", file=sys.stderr, flush=True)

    yield advance_in_lines


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}/s"),
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total, rate="0")

        def advance(more: int) -> None:
            done = progress.tasks[0].completed + more
            progress.update(task, advance=more, rate=f"{done / max(time.monotonic() - began, 0.001):,.0f}")

        yield advance
