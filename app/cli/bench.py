"""`tactful bench`: what things cost, as a table and as JSON lines."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=False,
    help="What things cost: CPU time per event of the pure core, by kind of event.\n\nExample: tactful bench --json",
)


@app.callback(invoke_without_command=True)
def bench(
    *,
    events: Annotated[int, typer.Option(min=1_000, help="Events of each kind and round.")] = 30_000,
    people: Annotated[int, typer.Option(min=1, help="People they are spread over.")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the median, least and most are printed.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Measure the core: decoding, pass, row and commit, with no log and no model."""
    import msgspec

    from app.bench.core import measure

    if not json:
        typer.echo(f"{'kind':12} {'events':>8} {'µs/event':>10} {'least':>8} {'most':>8}")
    for cost in measure(events=events, people=people, rounds=rounds):
        if json:
            typer.echo(msgspec.json.encode(cost).decode())
        else:
            typer.echo(
                f"{cost.kind:12} {cost.events:8} {cost.microseconds:10.1f} {cost.least:8.1f} {cost.most:8.1f}"
            )
