"""`tactful outcomes`: what came of every plan, as files for a data team, and the questions it asks first."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from app.cli.answers import NO, USAGE, answer, complain, examples, say, say_json, table
from app.cli.opening import opened, settings
from app.cli.times import instant

if TYPE_CHECKING:
    from app.export.duck import Answer, Duck
    from app.export.questions import Question
    from app.export.writing import Done

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)

Source = Annotated[Path, typer.Option("--from", metavar="DIR", help="What `outcomes export` wrote.")]

TOLD_EVERY_S = 2.0
NAMED = 20
"""Records that could not be read and are named, before the rest is only counted."""


@app.callback()
def _outcomes() -> None:
    """What came of every plan, for a data team."""


@app.command(
    epilog=examples(
        "tactful outcomes export --to outcomes",
        "tactful outcomes export --to /data/tactful --by hour --receipts --json",
        codes="Exit codes: 0 fine, 1 records are gone or unreadable, 2 usage, 3 cannot reach something.",
    )
)
def export(
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder; an export there is gone on with.")],
    by: Annotated[str, typer.Option(metavar="WHICH", help="One folder for each day or hour (UTC).")] = "day",
    since: Annotated[
        str,
        typer.Option(metavar="WHEN", help="Begin with what the log has had since then; later runs go on."),
    ] = "",
    receipts: Annotated[
        bool, typer.Option("--receipts", help="Also what became of the nudges; this reads user-events.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Write the outcomes of TACTFUL_LOG as Parquet files, each committed record once.

    Run it again to add what has come since. It may be killed at any time: what is in the files stays, nothing is in
    them twice, and the next run goes on. Files lie by the time at which the plan was closed.
    """
    from app.export.book import By, FolderError, held, keep
    from app.export.book import opened as book_of
    from app.export.duck import DuckError
    from app.export.tables import OUTCOMES, RECEIPTS
    from app.export.writing import Export
    from app.outside.log import now

    if by not in get_args(By):
        complain(f"--by {by}: there is day, and hour", USAGE)
    try:
        begun = instant(since, now()) if since else None
    except ValueError as error:
        complain(f"--since {error}", USAGE)
    given, duck = settings(), _duck()
    told = _progress(quiet=as_json)
    done: dict[str, Done] = {}

    async def work() -> None:
        async with opened(given) as log:
            with held(to):
                book = book_of(to, "hour" if by == "hour" else "day", begun)
                keep(to, book)
                for one in (OUTCOMES, RECEIPTS) if receipts else (OUTCOMES,):
                    running = Export(
                        one, to, book, topic=given.topic_prefix + one.topic, duck=duck, progress=told
                    )
                    done[one.name] = running.done
                    await running.run(log, book.since)

    try:
        answer(work())
    except FolderError as error:
        complain(str(error), USAGE)
    except DuckError as error:
        complain(f"DuckDB cannot write this: {error}", NO)
    _tell(done, to, as_json=as_json)


@app.command(
    epilog=examples(
        "tactful outcomes erase --from outcomes --user ana",
        "tactful outcomes erase --from outcomes --users erased.txt --json",
        codes="Exit codes: 0 fine, 2 usage, also while an export to the folder runs or was cut off.",
    )
)
def erase(
    source: Source = Path("outcomes"),
    user: Annotated[
        list[str] | None, typer.Option("--user", metavar="USER", help="Whose rows go; repeat.")
    ] = None,
    users: Annotated[
        Path | None, typer.Option("--users", metavar="FILE", help="Whose rows go: one id a line.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what went as JSON.")] = False,
) -> None:
    """Take the rows of people who were erased out of exported files.

    Each file that holds one is written anew in its place; all others are left as they are. What the topics still hold
    and the next export brings is not known here: run it after the export that follows an erasure.
    """
    from app.export.book import FolderError, held
    from app.export.duck import DuckError
    from app.export.erasing import erase as erase_from

    named = list(user or ())
    if users is not None:
        try:
            named += [line for line in users.read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            complain(f"--users: {users} cannot be read: {error}", USAGE)
    if not named:
        complain("whose rows? give --user USER, or --users FILE with one id a line", USAGE)
    if not source.is_dir():
        complain(f"there is no folder {source}", USAGE)
    duck = _duck()
    try:
        with held(source):
            gone = erase_from(source, sorted(set(named)), duck)
    except FolderError as error:
        complain(str(error), USAGE)
    except DuckError as error:
        complain(f"DuckDB cannot write this: {error}", NO)
    without = len(set(named) - gone.people)
    if as_json:
        say_json(
            {"rows": gone.rows, "files": gone.files, "people": len(gone.people), "without_rows": without}
        )
        return
    rows = ", ".join(f"{count:,} of {name}" for name, count in gone.rows.items()) or "none"
    say(f"rows taken out: {rows}; {gone.files:,} files written anew")
    if without:
        say(f"{without:,} of {len(set(named)):,} people have no row here")


@app.command("questions", epilog=examples("tactful outcomes questions"))
def questions_() -> None:
    """List the questions that `ask` answers; each is a file of SQL in `topics/queries/`."""
    from app.export.questions import questions

    for line in table(("question", "asks"), [(one.name, one.title) for one in questions().values()]):
        say(line)


@app.command(
    epilog=examples(
        "tactful outcomes ask --from outcomes",
        "tactful outcomes ask silence_reasons late_nudges --from outcomes --json",
        "tactful outcomes ask --from outcomes --markdown > answers.md",
    )
)
def ask(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[QUESTION]...", help="Which; without one, all ten.")
    ] = None,
    source: Source = Path("outcomes"),
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables in Markdown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a question.")] = False,
) -> None:
    """Answer the questions that a data team asks first, from exported files."""
    from app.export.questions import as_markdown

    for one, found in _answers(names, source):
        if as_json:
            rows = [dict(zip(found.names, row, strict=True)) for row in found.rows]
            say_json({"question": one.name, "asks": one.title, "rows": rows})
        elif markdown:
            say(as_markdown(one, found))
        else:
            say(one.title)
            for line in table(found.names, [[value or "" for value in row] for row in found.rows]):
                say(f"  {line}")
            say()


@app.command(epilog=examples("tactful outcomes plot silence_reasons --from outcomes --to silence.svg"))
def plot(
    name: Annotated[str, typer.Argument(metavar="QUESTION", help="One that says what is drawn of it.")],
    to: Annotated[Path, typer.Option(metavar="FILE", help="The SVG.")],
    source: Source = Path("outcomes"),
) -> None:
    """Draw the answer to a question as bars."""
    from app.export.plot import bars

    for one, found in _answers([name], source):
        if one.plot is None:
            complain(f"{name} says nothing of a plot: add `-- plot: LABEL VALUE [SERIES]` to its file", USAGE)
        to.write_text(bars(one, found), encoding="utf-8")
        say(f"written: {to}")


def _answers(names: Sequence[str] | None, source: Path) -> Iterator[tuple[Question, Answer]]:
    """The questions of these names, or all of them, with what the files say."""
    from app.export.duck import DuckError
    from app.export.questions import answered, questions, tables_in

    known = questions()
    for name in names or ():
        if name not in known:
            complain(f"there is no question {name}; there are {', '.join(known)}", USAGE)
    if not source.is_dir():
        complain(f"there is no folder {source}: write it with `tactful outcomes export --to {source}`", USAGE)
    duck = _duck()
    tables_in(duck, source)
    for name in names or known:
        try:
            yield known[name], answered(duck, known[name])
        except DuckError as error:
            complain(f"{name}: {error}", NO)


def _duck() -> Duck:
    from app.export.duck import Duck, LacksDuckDBError

    try:
        return Duck()
    except LacksDuckDBError as error:
        complain(str(error), USAGE)


def _progress(*, quiet: bool) -> Callable[[Done], None]:
    """A line every two seconds, on stderr."""
    last = time.monotonic()

    def told(done: Done) -> None:
        nonlocal last
        if quiet or time.monotonic() - last < TOLD_EVERY_S:
            return
        last = time.monotonic()
        print(f"{done.records:,} records in {done.files:,} files", file=sys.stderr, flush=True)

    return told


def _tell(done: dict[str, Done], to: Path, *, as_json: bool) -> None:
    wrong = False
    told: dict[str, Any] = {}
    for name, one in done.items():
        wrong |= bool(one.unreadable or one.gone)
        told[name] = {
            "records": one.records,
            "files": one.files,
            "late": one.late,
            "touched": sorted(one.touched),
            "gone_before": {str(partition): offset for partition, offset in one.gone.items()},
            "unreadable": one.unreadable,
        }
        if as_json:
            continue
        late = f", {one.late:,} of them for an earlier day or hour" if one.late else ""
        say(f"{name}: {one.records:,} records added in {one.files:,} files{late}")
        for partition, offset in sorted(one.gone.items()):
            say(
                f"  partition {partition}: what stood before offset {offset} was deleted before it could be exported"
            )
        for line in one.unreadable[:NAMED]:
            say(f"  left out: {line}")
        if len(one.unreadable) > NAMED:
            say(f"  left out: {len(one.unreadable) - NAMED:,} more")
    if as_json:
        say_json({"to": str(to), "tables": told})
    if wrong:
        raise typer.Exit(NO)
