"""The command line: `tactful COMMAND`; a command's module is imported only when it is asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

COMMANDS = {
    "demo": "app.cli.demo",
    "worker": "app.cli.worker",
    "console": "app.cli.console",
    "topics": "app.cli.topics",
    "events": "app.cli.events",
    "person": "app.cli.person",
    "intents": "app.cli.intents",
    "explain": "app.cli.explain",
    "agents": "app.cli.agents",
    "dead-letter": "app.cli.dead_letter",
    "deliver": "app.cli.deliver",
    "outcomes": "app.cli.outcomes",
    "verify": "app.cli.verify",
    "doctor": "app.cli.doctor",
    "scenario": "app.cli.scenario",
    "backtest": "app.cli.backtest",
    "eval": "app.cli.evaluation",
    "bench": "app.cli.bench",
}
"""A command and the module that holds it as `app`, a Typer application; help lists them in this order."""


class _Lazy(TyperGroup):
    """Commands by name, so that no command pays for what another one imports."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer's own Context
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = get_command(import_module(module).app)
        command.name = cmd_name
        return command


app = typer.Typer(
    name="tactful",
    cls=_Lazy,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _tactful() -> None:
    """Decides when an assistant reaches out to a person, and when it keeps quiet."""


def run() -> None:
    """The installed command. Exit codes: 0 fine, 1 the answer is no, 2 usage, 3 cannot reach something.

    The folder it is called in is on the import path, last: `TACTFUL_AGENTS` may name a module that lies there.
    """
    sys.path.append(str(Path.cwd()))
    app()
