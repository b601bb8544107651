"""`tactful intents USER`: what is planned for somebody, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import examples, say, say_json

if TYPE_CHECKING:
    from agents.contract import Intent
    from app.core.row import Row

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=examples("tactful intents ana", "tactful intents ana --json"))
def intents(
    user: Annotated[str, typer.Argument(metavar="USER", help="The person's id, the records' key.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object, its `intents` by due time.")
    ] = False,
) -> None:
    """Print the open plans of a person by due time: from what, until when, and what each waits for."""
    from app.cli.opening import found_row, settings
    from app.http.people import planned

    row = found_row(settings(), user)
    if as_json:
        say_json(planned(row))
        return
    if not row.intents:
        say(f"nothing is planned for {user}: `tactful explain {user}` says what was")
    for intent in sorted(row.intents.values(), key=lambda one: (one.due_at, one.intent_id)):
        for line in _lines(row, intent):
            say(line)


def _lines(row: Row, intent: Intent) -> Iterator[str]:
    from app.cli.times import shown

    yield f"{shown(intent.due_at)}  {intent.agent}  “{intent.subject}”  ({intent.intent_id})"
    yield f"    {_state(row, intent)}"
    because = f"because of {intent.opened_by.event_id}"
    yield f"    planned {shown(intent.opened_at)} {because}, expires {shown(intent.expires_at)}"
    for one in intent.exit_on:
        where = f" where {one.where}" if one.where else ""
        yield f"    ends when {one.type} comes{where}"


def _state(row: Row, intent: Intent) -> str:
    from app.cli.times import shown
    from app.explain.reasons import DEFERRED

    looked_at = f"looked at next {shown(intent.wake_at)}"
    if intent.held_since is not None:
        return f"held since {shown(intent.held_since)}: it may be settled already; {looked_at}"
    doubt = "; it may be settled already, which is asked about first" if row.unverified(intent) else ""
    match intent.status:
        case "due":
            return f"due, and waits for its decision; {looked_at}{doubt}"
        case "maturing":
            return f"due: its maturity event is on the log; {looked_at}{doubt}"
        case "open":
            if intent.deferred_by:
                why = DEFERRED.get(intent.deferred_by, intent.deferred_by)
                return f"put off until {shown(intent.wake_at)}: {why}{doubt}"
            return f"open{doubt}"
