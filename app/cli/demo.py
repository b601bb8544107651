"""`tactful demo`: stories in quick motion, on a real log, with the scripted model."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

NO, USAGE, OUT_OF_REACH, INTERRUPTED = 1, 2, 3, 130
SECONDS = 45.0
"""Long enough to read along, short enough to wait for."""
EXAMPLE = """\b
Examples:
  tactful demo
  tactful demo --story surgery --seconds 15
  tactful demo --on kafka://localhost:9092
  tactful demo --keep ./tactful-demo      # a week to look at in the console
\b
Exit codes: 0 every story ended as it expects, 1 one did not, 2 an option is wrong, 3 no broker."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLE)
def demo(  # noqa: PLR0917 - typer passes options by name
    on: Annotated[
        str, typer.Option(metavar="WHERE", help="embedded, memory, or kafka://host:port (topics of its own).")
    ] = "embedded",
    story: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this story; may be given more than once.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="The names of the stories.")] = False,
    seconds: Annotated[
        float | None,
        typer.Option(
            metavar="N", min=0, help=f"How long the show may last, in a terminal. [default: {SECONDS:g}]"
        ),
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="As quick as it can, as it is in a pipe.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per story, one a line.")] = False,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Tell a week of fourteen people instead, onto a log that stays in DIR."
        ),
    ] = None,
) -> None:
    """The stories of the README in quick motion: what is sent, what is not, and why."""
    from agents import AgentError
    from app.demo.shelf import chosen
    from app.scenario.errors import StoryError
    from app.scenario.world import UnreachableError
    from app.settings import SettingsError

    if keep is not None:
        if on != "embedded" or story or list_ or as_json:
            _complain("--keep DIR stands alone: it tells one story of its own, on an embedded log", USAGE)
        return _keep(keep)
    if on not in {"embedded", "memory"} and not on.startswith("kafka://"):
        _complain(f"--on {on}: write embedded, memory or kafka://host:port", USAGE)
    try:
        stories = chosen(story or [])
        if list_:
            _list(stories, as_json=as_json)
        elif not shown(on, stories, seconds=0.0 if fast else seconds, as_json=as_json):
            raise typer.Exit(NO)
    except (StoryError, AgentError, SettingsError) as error:
        _complain(str(error), USAGE)
    except UnreachableError as error:
        _complain(str(error), OUT_OF_REACH)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _keep(folder: Path) -> None:
    """Tell the week, and say how it can be looked at."""
    from datetime import UTC, datetime

    from agents import AgentError, load
    from app.demo.keeping import kept
    from app.scenario.errors import StoryError
    from app.settings import SettingsError, load_settings

    print(f"Telling a week of fourteen people onto a log in {folder}, with a scripted model ...", flush=True)
    try:
        result = kept(folder, load(load_settings().agents), datetime.now(UTC).replace(microsecond=0))
    except (StoryError, AgentError, SettingsError) as error:
        _complain(str(error), USAGE)
    for failure in result.failures:
        print(f"NOT as it should be: {failure}", file=sys.stderr)
    if result.failures:
        raise typer.Exit(NO)
    ended = Counter(outcome["outcome"] for outcome in result.ending.outcomes)
    said = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in ended.most_common())
    print(f"It ends now: {said}, {len(result.ending.open)} plans open. Look at it:")
    print(f"   TACTFUL_LOG=embedded:{folder} .venv/bin/tactful console")
    print("and let it go on, in another terminal:")
    print(f"   TACTFUL_LOG=embedded:{folder} TACTFUL_MODEL=scripted .venv/bin/tactful worker")


def _list(stories: dict[str, Path], *, as_json: bool) -> None:
    from app.scenario.story import read

    for name, path in stories.items():
        title = read(path).name
        print(json.dumps({"story": name, "name": title}) if as_json else f"{name:13} {title}")


def shown(
    on: str,
    stories: dict[str, Path],
    *,
    seconds: float | None,
    as_json: bool,
    console: Console | None = None,
) -> bool:
    """Show them, and say whether each ended as it expects and every plan is accounted for."""
    from rich.console import Console

    from app.demo.frame import closing, opening
    from app.demo.pace import Pace
    from app.demo.screen import Screen
    from app.scenario.forks import warm_up

    began = time.monotonic()
    if on != "memory":
        warm_up()
    console = console or Console(highlight=False, quiet=as_json)
    lively = console.is_terminal and not console.is_dumb_terminal and not as_json
    lasts = (SECONDS if seconds is None else seconds) if lively else 0.0
    screen = Screen(console, Pace(lasts) if lasts else None)
    # Said before what takes seconds to load.
    opening(screen, on, len(stories))

    from agents import load
    from app.demo.show import Telling, grow, told
    from app.scenario import runner
    from app.scenario.worlds import world_on
    from app.settings import load_settings

    registered = load(load_settings().agents)
    read = runner.stories(stories.values(), registered)
    make = world_on(on)
    look = partial(grow, screen)
    tellings = [Telling(name, path, story, look) for name, (path, story) in zip(stories, read, strict=True)]
    for telling in told(tellings, registered, make, screen):
        if as_json:
            print(json.dumps(telling.report(), ensure_ascii=False), flush=True)
    ledgers = {telling.name: telling.ledger for telling in tellings}
    failed = [telling.name for telling in tellings if not telling.passed]
    closing(screen, on, ledgers, failed, time.monotonic() - began)
    return not failed


def _complain(message: str, code: int) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(code)
