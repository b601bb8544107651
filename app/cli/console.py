"""`tactful console`: what happened to each person and why, on pages; and the operator's few switches."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from app.cli.answers import OUT_OF_REACH, USAGE

if TYPE_CHECKING:
    import asyncio

    from app.settings import Settings

FAILED = 1
EXAMPLE = """\b
Examples:
  tactful console --log embedded:./tactful-data
  TACTFUL_LOG=kafka://localhost:9092 tactful console --listen 127.0.0.1:8081
  TACTFUL_CONSOLE__TOKEN_FILE=/run/secrets/console tactful console --listen 0.0.0.0:8081
\b
Every option is a variable too, and all others are variables only: TACTFUL_CONSOLE__TOKEN_FILE,
TACTFUL_CONSOLE__USER_HEADER (an authenticating proxy's), TACTFUL_CONSOLE__URL (where other consoles reach this one),
TACTFUL_CONSOLE__KEEP (30d), TACTFUL_CONSOLE__REFRESH (5s, of an open page), TACTFUL_CONSOLE__AUDIT (a file), and
those that the worker has for its log and its policy.
Beside a worker on an embedded log it asks that worker, at TACTFUL_HTTP.
\b
Exit codes: 0 ended by SIGTERM or SIGINT, 1 it cannot go on (its last line says why), 2 a setting is wrong,
3 its log or its address cannot be had."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLE)
def console(
    log: Annotated[
        str | None,
        typer.Option(
            envvar="TACTFUL_LOG", metavar="WHERE", help="kafka://host:port,host:port or embedded:PATH."
        ),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(
            envvar="TACTFUL_CONSOLE", metavar="HOST:PORT", help="Where it listens; port 0 takes a free one."
        ),
    ] = None,
    state_dir: Annotated[
        str | None,
        typer.Option(
            envvar="TACTFUL_STATE_DIR", metavar="FOLDER", help="Its tables (on Kafka) and its audit."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Logs on stderr as JSON, one object a line.")
    ] = False,
) -> None:
    """Show people's past and future with the reason of every decision, pause agents, send dead letters again."""
    from app.cli import logs
    from app.console.audit import NotWrittenError
    from app.drivers.rocks import StoreError
    from app.http.listening import CannotListen
    from app.outside.log import OutOfReachError
    from app.settings import SettingsError, load_settings

    given = {"LOG": log, "CONSOLE": listen, "STATE_DIR": state_dir}
    os.environ |= {f"TACTFUL_{name}": value for name, value in given.items() if value is not None}
    try:
        settings = load_settings()
        logs.begin(settings.log_level, as_json=as_json)
        _run(settings)
    except (SettingsError, NotWrittenError) as error:
        _end(str(error), USAGE)
    except (OutOfReachError, StoreError, CannotListen) as error:
        _end(str(error), OUT_OF_REACH)
    except KeyboardInterrupt:
        raise typer.Exit(128 + 2) from None
    except Exception as error:  # noqa: BLE001 - whatever ends a console is said in one line
        _end(f"the console cannot go on: {logs.told(error)}", FAILED)


def _run(settings: Settings) -> None:
    import asyncio
    import logging

    from app.cli.hanging import ended_when_it_hangs
    from app.cli.opening import opened
    from app.cli.serving import obeying
    from app.console.serving import serve
    from app.settings import unknown_variables

    for name in unknown_variables():
        logging.getLogger("tactful.console").warning("%s means nothing: is it misspelt?", name)

    async def until_told() -> None:
        ends: asyncio.Event = asyncio.Event()
        async with obeying(ends), ended_when_it_hangs():
            await serve(settings, opened, ends=ends)

    asyncio.run(until_told())


def _end(message: str, code: int) -> NoReturn:
    print(message, file=sys.stderr, flush=True)
    raise typer.Exit(code)
