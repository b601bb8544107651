"""How every command answers: exit codes, complaints that say what to do, tables and JSON."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import typer

Answer = TypeVar("Answer")
Report = TypeVar("Report")

NO, USAGE, OUT_OF_REACH = 1, 2, 3

CODES = "Exit codes: 0 fine, 1 the answer is no, 2 usage, 3 cannot reach something."


def examples(*lines: str, codes: str = CODES) -> str:
    """The end of a command's help."""
    shown = "\n".join(f"  {line}" for line in lines)
    return f"\b\nExamples:\n{shown}\n\n\b\n{codes}"


def complain(message: str, code: int) -> NoReturn:
    """Say what is wrong and what to do, and end."""
    print(message, file=sys.stderr)
    raise typer.Exit(code)


def say(line: str = "") -> None:
    """One line of the answer, which a reader gets at once."""
    print(line, flush=True)


def say_json(value: Any) -> None:
    """One JSON value on a line of its own; times are RFC 3339 ending in Z."""
    import msgspec

    say(msgspec.json.encode(value).decode())


def say_report(report: Report, lines: Callable[[Report], Iterable[str]], *, as_json: bool) -> None:
    """A report as one JSON value, or as the lines that it is told in."""
    if as_json:
        say_json(report)
    else:
        for line in lines(report):
            say(line)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of columns, each as wide as its widest value."""
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, *rows):
        yield "  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip()


def answer(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Do what a command does; what stops it is told in its own words."""
    with told():
        return asyncio.run(work)


@contextmanager
def told() -> Iterator[None]:
    """What a command cannot do is said in a sentence, with the exit code of its kind."""
    from app.drivers.rocks import StoreError
    from app.outside.log import OutOfReachError, RefusedError
    from app.settings import SettingsError

    try:
        yield
    except (SettingsError, RefusedError) as error:
        complain(str(error), USAGE)
    except (OutOfReachError, StoreError) as error:
        complain(str(error), OUT_OF_REACH)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None  # as a shell counts an interrupt
    except BrokenPipeError:
        # The reader has seen enough, as `head` does; Python would complain again when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None
