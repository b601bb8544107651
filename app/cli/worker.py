"""`tactful worker`: the production process, on Kafka or on an embedded log."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    import asyncio

FAILED, USAGE, OUT_OF_REACH = 1, 2, 3
PATIENCE_S = 30.0
EXAMPLE = """\b
Examples:
  tactful worker --log embedded:./tactful-data --model scripted
  TACTFUL_LOG=kafka://localhost:9092 ANTHROPIC_API_KEY=... tactful worker
\b
Every option is a variable too, and all others are variables only: TACTFUL_GROUP, TACTFUL_TOPIC_PREFIX,
TACTFUL_HTTP__TOKEN_FILE, TACTFUL_KAFKA__SECURITY_PROTOCOL and so on.
SIGTERM and SIGINT end it: what is decided is committed first, within TACTFUL_DRAIN_WITHIN (20s).
\b
Exit codes: 0 drained, 1 it cannot go on or could not drain in time (its last line says which),
2 a setting is wrong, 3 its log or its address cannot be had."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLE)
def worker(  # noqa: PLR0917 - typer passes options by name
    log: Annotated[
        str | None,
        typer.Option(
            envvar="TACTFUL_LOG", metavar="WHERE", help="kafka://host:port,host:port or embedded:PATH."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            envvar="TACTFUL_MODEL",
            metavar="WHICH",
            help="anthropic, scripted (understands nothing, not for production) or none.",
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(
            envvar="TACTFUL_HTTP", metavar="HOST:PORT", help="Where it listens; port 0 takes a free one."
        ),
    ] = None,
    policy: Annotated[
        str | None, typer.Option(envvar="TACTFUL_POLICY", metavar="FILE", help="What decides; YAML.")
    ] = None,
    state_dir: Annotated[
        str | None,
        typer.Option(envvar="TACTFUL_STATE_DIR", metavar="FOLDER", help="Kafka: its local copy of the rows."),
    ] = None,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Go on trying for ever when the brokers cannot be reached at first."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Logs on stderr as JSON, one object a line.")
    ] = False,
) -> None:
    """Read people's events, decide when to reach out, and keep quiet otherwise."""
    from app.cli import logs
    from app.cli.serving import serve
    from app.drivers.kafka_takeover import Refused
    from app.drivers.kafka_watch import Stuck
    from app.drivers.rocks import StoreError
    from app.drivers.served import NotDrained, OutOfReach
    from app.http.listening import CannotListen
    from app.settings import SettingsError, load_settings

    given = {"LOG": log, "MODEL": model, "HTTP": http, "POLICY": policy, "STATE_DIR": state_dir}
    # An option is its variable, said here: there is one way to read settings, and one name in what it complains of.
    os.environ |= {f"TACTFUL_{name}": value for name, value in given.items() if value is not None}
    try:
        settings = load_settings()
        logs.begin(settings.log_level, as_json=as_json)
        with _runner() as runner:
            runner.run(serve(settings, patience_s=None if wait else PATIENCE_S))
    except SettingsError as error:
        _end(str(error), USAGE)
    except (OutOfReach, StoreError, CannotListen) as error:
        _end(str(error), OUT_OF_REACH)
    except (NotDrained, Refused, Stuck) as error:
        _end(str(error), FAILED)
    except KeyboardInterrupt:
        raise typer.Exit(128 + 2) from None
    except Exception as error:  # noqa: BLE001 - whatever ends a worker is said in one line
        _end(f"the worker cannot go on: {logs.told(error)}", FAILED)


def _runner() -> asyncio.Runner:
    """An event loop, by uvloop where there is one: it costs less of the processor."""
    import asyncio

    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        pass
    else:
        factory = uvloop.new_event_loop
    return asyncio.Runner(loop_factory=factory)


def _end(message: str, code: int) -> NoReturn:
    print(message, file=sys.stderr, flush=True)
    raise typer.Exit(code)
