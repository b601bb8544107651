"""`tactful agents`: who decides what, pausing them, and a new one to start from."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from app.cli.answers import OUT_OF_REACH, USAGE, answer, complain, examples, say, say_json, table, told

if TYPE_CHECKING:
    from agents.contract import Agent
    from app.outside.log import Log
    from app.settings import Settings
    from topics.controls import Control

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)

EVERYTHING = "*"


@app.callback()
def _agents() -> None:
    """Who decides what; pausing them; a new one to start from."""


@app.command(
    "list", epilog=examples("tactful agents list", "TACTFUL_AGENTS=parcel:agent tactful agents list --json")
)
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an agent.")] = False,
) -> None:
    """Print every agent: what it decides, which events it listens to, its priority, and whether it is paused."""
    from app.cli.opening import settings
    from app.deployment import deciding

    given = settings()
    with told():
        decides = deciding(given)
    controls, trouble = _controls(given)
    described = [
        _described(agent, decides.policy.agent(agent.name), controls) for agent in decides.agents.values()
    ]
    if as_json:
        for each in described:
            say_json(each)
    else:
        head = ("agent", "priority", "runs", "listens to", "decides")
        for line in table(head, [_row(each) for each in described]):
            say(line)
    if trouble:
        complain(f"whether anything is paused is not known: {trouble}", OUT_OF_REACH)


@app.command(epilog=examples("tactful agents pause digest", "tactful agents pause '*'     # everything"))
def pause(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An agent's name, or * for everything.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Let an agent send nothing until it is resumed: its plans stay, and what runs out meanwhile closes as paused."""
    _switch(name, paused=True, as_json=as_json)


@app.command(epilog=examples("tactful agents resume digest", "tactful agents resume '*'"))
def resume(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An agent's name, or * for everything.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Let an agent that was paused go on; `*` takes back only a pause of everything."""
    _switch(name, paused=False, as_json=as_json)


@app.command(
    epilog=examples("tactful agents new late_parcel", "tactful agents new late_parcel --into my_agents")
)
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower case letters, digits and underscores.")],
    into: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the two files are written.")] = Path(),
) -> None:
    """Write a commented agent that works, and its story, to start from."""
    from app.cli.opening import registered, settings
    from app.new_agent.writing import copies, problem_with

    if problem := problem_with(name, registered(settings())):
        complain(problem, USAGE)
    written = copies(name, into)
    if there := [path for path in written if path.exists()]:
        complain(f"{there[0]} is there already: choose another name or folder; nothing was written", USAGE)
    try:
        into.mkdir(parents=True, exist_ok=True)
        for path, text in written.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        complain(f"{into} cannot be written: {error}", USAGE)
    for path in written:
        say(f"wrote {path}")
    story = next(path for path in written if path.suffix == ".yaml")
    say(f"run its story:  TACTFUL_AGENTS={name}:agent PYTHONPATH={into} tactful scenario run {story} --show")
    say(f"let it decide:  TACTFUL_AGENTS={name}:agent PYTHONPATH={into} tactful worker")


def _switch(name: str, *, paused: bool, as_json: bool) -> None:
    """Write the control that every worker follows."""
    import getpass

    from app.cli.opening import opened, registered, settings
    from app.outside.log import milliseconds, now
    from topics.controls import NUDGE_CONTROLS, Control
    from topics.encode import encode
    from topics.record import NewRecord

    given = settings()
    names = registered(given)
    known = name == EVERYTHING or name in names
    if not known and paused:
        _no_such(name, names)
    at = now()
    control = Control(paused=paused, at=at, by=getpass.getuser())
    record = NewRecord(NUDGE_CONTROLS.name, name.encode(), encode(control), milliseconds(at))

    async def write() -> dict[str, Control]:
        async with opened(given, create=True) as log:
            latest = await _latest(log)
            if not known and name not in latest:
                return {}
            await log.append([record])
            return latest | {name: control}

    latest = answer(write())
    if not latest:
        _no_such(name, names)
    if as_json:
        say_json({"agent": name, "paused": paused, "at": at, "by": control.by})
        return
    what = "everything" if name == EVERYTHING else name
    say(f"{what} is paused: workers heed it at once" if paused else _goes_on(name, latest))


def _no_such(name: str, names: Collection[str]) -> NoReturn:
    complain(f"there is no agent {name!r}: one of {', '.join(sorted(names))}, or * for everything", USAGE)


def _goes_on(name: str, latest: Mapping[str, Control]) -> str:
    """What still keeps it from speaking is said: another switch than the one that was turned."""
    paused = [other for other, control in latest.items() if control.paused]
    if name != EVERYTHING:
        if EVERYTHING not in paused:
            return f"{name} goes on"
        return f"{name} goes on once everything does, which is paused too: tactful agents resume '*'"
    if not paused:
        return "everything goes on"
    return f"everything goes on but {', '.join(sorted(paused))}, paused by name: tactful agents resume NAME"


async def _latest(log: Log) -> dict[str, Control]:
    """The switches by agent."""
    from app.drivers.controls import Controls
    from topics.controls import NUDGE_CONTROLS

    controls = Controls()
    async for record in log.read(NUDGE_CONTROLS.name):
        controls.fold([record])
    return controls.latest


def _controls(given: Settings) -> tuple[dict[str, Control], str]:
    """The latest switches, and what kept us from reading them."""
    from app.cli.opening import opened
    from app.drivers.rocks import StoreError
    from app.outside.log import NoLogYetError, OutOfReachError

    async def read() -> dict[str, Control]:
        async with opened(given) as log:
            return await _latest(log)

    try:
        return asyncio.run(read()), ""
    except NoLogYetError:
        return {}, ""
    except (OutOfReachError, StoreError) as error:
        return {}, str(error)


def _described(agent: Agent, policy: Any, controls: dict[str, Control]) -> dict[str, Any]:
    from app.deployment import decides

    by = next(
        (control for key in (EVERYTHING, agent.name) if (control := controls.get(key)) and control.paused),
        None,
    )
    return {
        "name": agent.name,
        "decides": decides(agent),
        "subscribes": sorted(agent.subscribes),
        "priority": policy.priority,
        "mode": policy.mode,
        "paused": by is not None,
        "paused_at": None if by is None else by.at,
        "paused_by": "" if by is None else by.by,
    }


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    runs = "paused" if each["paused"] else "yes" if each["mode"] == "live" else each["mode"]
    return (
        each["name"],
        str(each["priority"]),
        runs,
        ", ".join(each["subscribes"]) or "readings, requests",
        each["decides"],
    )
