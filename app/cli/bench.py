"""`tactful bench`: what things cost, as a table and as JSON lines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.bench.figures import Figure

FAILED, USAGE, OUT_OF_REACH = 1, 2, 3
EXAMPLE = """\b
Examples:
  tactful bench core
  tactful bench through --rounds 5 --json
  tactful bench --scale 0.1        every one of them, as a quick try
\b
Those that need a broker start one, and compare with peers that are installed into an environment of
their own under TACTFUL_TEST_CACHE (~/.cache/tactful-test); they run in a clone of the source.
\b
Exit codes: 0 measured, 1 a stated goal was missed (with --check), 2 there is no such benchmark,
3 what it needs cannot be had."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=EXAMPLE)
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Which ones; all without it.")
    ] = None,
    *,
    listed: Annotated[bool, typer.Option("--list", help="Which there are, and what each measures.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds; median, least and most count.")] = 3,
    scale: Annotated[float, typer.Option(min=0.001, max=10, help="Of the sizes; 0.1 is a quick try.")] = 1.0,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 when a stated goal is missed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Measure what Tactful costs, and hold it against others where there are others."""
    import msgspec

    from app.bench.figures import Plan
    from app.bench.known import NotHere, found, is_here
    from app.bench.known import names as known

    chosen = names or [name for name in known() if is_here(name)]
    if unknown := sorted(set(chosen) - set(known())):
        _end(f"there is no benchmark {', '.join(unknown)}: `tactful bench --list` has them", USAGE)
    if listed:
        _list(list(known()) if names is None else chosen)
        return
    plan = Plan(say=lambda text: print(f"  {text}", file=sys.stderr, flush=True), rounds=rounds, scale=scale)
    missed = False
    if not as_json:
        print(f"{'':10} {'measure':52} {'median':>12} {'least':>12} {'most':>12}  unit")
    for name in chosen:
        try:
            for one in found(name).run(plan):
                missed = missed or one.met is False
                print(msgspec.json.encode(one).decode() if as_json else _line(one), flush=True)
        except NotHere as error:
            _end(str(error), OUT_OF_REACH)
    if not as_json and not names and not is_here("through"):
        print("The others need a clone of the source: `tactful bench --list`.", file=sys.stderr)
    if check and missed:
        raise typer.Exit(FAILED)


def _list(names: list[str]) -> None:
    from app.bench.known import found, is_here

    for name in names:
        if is_here(name):
            print(f"{name:10} {(found(name).__doc__ or '').strip()}\n")
        else:
            print(f"{name:10} (needs a clone of the source)\n")


def _line(one: Figure) -> str:
    spread = f"{_number(one.median):>12} {_number(one.least):>12} {_number(one.most):>12}"
    goal = "" if one.goal is None else f"  [{one.goal}: {'met' if one.met else 'MISSED'}]"
    note = f"  {one.note}" if one.note else ""
    return f"{one.bench:10} {one.measure:52} {spread}  {one.unit}{goal}{note}"


def _number(value: float) -> str:
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}"


def _end(message: str, code: int) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(code)
