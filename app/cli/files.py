"""The files that commands about events are given."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import USAGE, complain

if TYPE_CHECKING:
    from app.sources.files import Bad, Good

EventFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="Events; - is stdin."),
]
Format = Annotated[
    str, typer.Option("--format", metavar="NAME", help="plain (JSON lines), memorybank or collegemsg.")
]


def read(file: Path, form: str, agents: frozenset[str]) -> Iterator[Good | Bad]:
    """What the worker would make of each event in the file, in their order."""
    from app.outside.log import milliseconds, now
    from app.sources.files import FORMATS, checked
    from app.sources.plain_form import SourceError

    if form not in FORMATS:
        complain(f"--format: {form!r} is not known: one of {', '.join(FORMATS)}", USAGE)
    try:
        yield from checked(FORMATS[form](file), agents=agents, now_ms=milliseconds(now()))
    except SourceError as error:
        complain(str(error), USAGE)


@contextmanager
def on_disk(file: Path) -> Iterator[Path]:
    """The file itself; what comes in on stdin is kept on disk, since it is read twice: checked, then sent."""
    if str(file) != "-":
        if not file.is_file():
            complain(f"{file} is no file", USAGE)
        yield file
        return
    with tempfile.NamedTemporaryFile(prefix="tactful-events-") as kept:
        while piece := sys.stdin.buffer.read(1024 * 1024):
            kept.write(piece)
        kept.flush()
        yield Path(kept.name)
