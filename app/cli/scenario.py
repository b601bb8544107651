"""`tactful scenario run`: stories that say what the worker does, and whether it does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agents.contract import Agent
    from app.scenario.runner import MakeWorld, Result
    from app.scenario.story import Story

NO, USAGE, OUT_OF_REACH = 1, 2, 3
EXAMPLE = """\b
Examples:
  tactful scenario run tests/scenarios
  tactful scenario run my_agent/story.yaml --show
  tactful scenario run tests/scenarios --on kafka://localhost:9092 --json
\b
Exit codes: 0 every expectation held, 1 one did not, 2 a file or an option is wrong, 3 no broker."""

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def _scenario() -> None:
    """Stories that can be run: what happens to people, and what they are to be told."""


@app.command(epilog=EXAMPLE)
def run(  # noqa: PLR0917 - typer passes options by name
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Story files; a folder means all *.yaml in it.")
    ],
    on: Annotated[
        str,
        typer.Option(
            metavar="WHERE", help="memory, embedded, or kafka://host:port (under a prefix of its own)."
        ),
    ] = "memory",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per story, one a line.")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Stories told at the same time. [default: 1 in memory, else 2]")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Leave folders and topics of the run behind, and say where they are."),
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print what happened to each person, in order of time.")
    ] = False,
) -> None:
    """Run stories and say whether every expectation holds; nothing of it reaches anybody."""
    from agents import AgentError, load
    from app.scenario.errors import StoryError
    from app.scenario.runner import run_all, stories
    from app.scenario.world import UnreachableError
    from app.scenario.worlds import world_on
    from app.settings import SettingsError, load_settings

    try:
        agents = load(load_settings().agents)
        told = stories(paths, agents)
        make = world_on(on, keep=keep)
    except (StoryError, AgentError, SettingsError) as error:
        _complain(str(error), USAGE)
    passed = True
    at_once = jobs or (1 if on == "memory" else 2)
    try:
        if show and not as_json:
            passed = _shown(told, agents, make, jobs=at_once)
        else:
            for result in run_all(told, agents, make, jobs=at_once):
                passed = passed and result.passed
                if as_json:
                    print(json.dumps(result.report(), ensure_ascii=False), flush=True)
                else:
                    _print(result)
    except UnreachableError as error:
        _complain(str(error), OUT_OF_REACH)
    if not passed:
        raise typer.Exit(NO)


def _shown(
    told: Sequence[tuple[Path, Story]], agents: Mapping[str, Agent], make: MakeWorld, *, jobs: int
) -> bool:
    """Each story with the timeline of each person; whether all passed."""
    from rich.console import Console

    from app.demo.screen import Screen
    from app.demo.show import Telling
    from app.demo.show import at_once as all_of

    screen, passed = Screen(Console(highlight=False), None), True
    for telling in all_of([Telling(path.stem, path, story) for path, story in told], agents, make, jobs=jobs):
        _print(telling.result)
        screen.ends(telling.page(bare=screen.is_bare))
        passed = passed and telling.result.passed
    return passed


def _print(result: Result) -> None:
    mark = "ok  " if result.passed else "FAIL"
    print(f"{mark} {result.story.name}  ({result.seconds:.2f} s)")
    for failure in result.failures:
        print(f"       {failure}")
    sys.stdout.flush()


def _complain(message: str, code: int) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(code)
