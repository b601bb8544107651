"""`tactful explain USER`: why something was or was not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import NO, OUT_OF_REACH, answer, complain, examples, say, say_json

if TYPE_CHECKING:
    from app.explain.person import Traces

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(
    epilog=examples(
        "tactful explain ana", "tactful explain ana --nudge 0f5c... --verbose", "tactful explain ana --json"
    )
)
def explain(
    user: Annotated[str, typer.Argument(metavar="USER", help="The person's id, the records' key.")],
    nudge: Annotated[
        str, typer.Option(metavar="ID", help="Only this nudge: its plan, its gates, what became of it.")
    ] = "",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also every gate's answer, every attempt, every request.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a decision.")] = False,
) -> None:
    """Print one sentence for each decision about a person, in the order of time."""
    from app.cli.opening import opened, registered, settings
    from app.cli.times import shown
    from app.core.row import NewerRow
    from app.explain.person import traces_of
    from app.explain.sentences import about, told

    given = settings()
    agents = registered(given)

    async def looked() -> Traces:
        async with opened(given) as log:
            return await traces_of(log, user)

    try:
        traces = answer(looked())
    except NewerRow as error:
        complain(str(error), OUT_OF_REACH)
    if traces.nothing:
        complain(f"nothing is known of {user}", NO)
    every = told(traces, agents)
    if nudge and not (every := about(every, nudge)):
        complain(f"{user} had no nudge {nudge}, or it is older than its topics keep it", NO)
    for each in every:
        if as_json:
            say_json(each)
            continue
        say(f"{shown(each.at)}  {each.sentence}")
        for detail in each.details if verbose else ():
            say(f"    {detail}")
    if not every and not as_json:
        say(f"nothing was decided about {user} yet: `tactful person {user}` says how they stand")
