"""`tactful backtest`: a recorded log decided again under another policy, and what differs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.answers import NO, USAGE, complain, examples, say, say_json, table, told

if TYPE_CHECKING:
    from app.backtest.run import Backtest

NAMED = 20
"""Differences that are printed when nobody says how many; `--json` has all of them."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(
    epilog=examples(
        "tactful events tail user-events nudge-pass nudge-outcome nudges --json | gzip > record.jsonl.gz",
        "tactful backtest --from record.jsonl.gz --policy new.yaml",
        "tactful backtest --from records/ --policy new.yaml --agents --json",
        codes="Exit codes: 0 nothing differs, 1 something does, 2 usage, or the files are no record.",
    )
)
def backtest(  # noqa: PLR0917 - typer passes options by name
    files: Annotated[
        list[Path],
        typer.Option(
            "--from",
            metavar="FILE",
            help="A record (.jsonl or .jsonl.gz), or a folder of them; may be repeated.",
        ),
    ],
    policy: Annotated[Path, typer.Option(metavar="FILE", help="The policy to decide under; YAML.")],
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit-differences", min=0, metavar="N", help="Print so many. [default: 20; with --json all]"
        ),
    ] = None,
    agents: Annotated[bool, typer.Option("--agents", help="Also the differences of each agent.")] = False,
    tolerance: Annotated[
        str, typer.Option(metavar="TIME", help="Times that lie no further apart are the same.")
    ] = "1m",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Decide a record again in virtual time, with the recorded answers of the model, and print what differs.

    The record is what `events tail --json` prints of user-events and nudge-pass; with nudge-outcome and nudges every
    decision can be compared to the microsecond, and with nudge-controls what was paused. Nothing is sent, and no
    model is asked: a question to which the record has no answer is counted, and the rules decide alone.
    """
    from app.backtest.record import RecordError, read
    from app.backtest.run import backtest as run
    from app.backtest.run import report
    from app.cli.opening import agents_of, settings
    from app.core.policy import duration
    from app.policy_file import load_policy

    given = settings()
    registered = agents_of(given)
    with told():
        rules = load_policy(policy)
    unknown = sorted(set(rules.agents) - set(registered))
    if unknown:
        complain(
            f"{policy}: agents.{unknown[0]}: there is no such agent; there are {', '.join(registered)}", USAGE
        )
    try:
        within = duration(tolerance)
    except ValueError as error:
        complain(f"--tolerance: {error}", USAGE)
    try:
        recorded = read(files)
    except RecordError as error:
        complain(str(error), USAGE)
    found = run(recorded, rules, registered, within=within)
    if as_json:
        say_json(report(found, limit=limit, by_agent=agents))
    else:
        _tell(found, report(found, limit=NAMED if limit is None else limit, by_agent=agents))
    if found.differs:
        raise typer.Exit(NO)


def _tell(found: Backtest, told: dict[str, Any]) -> None:
    same = "the same policy" if [told["policy"]] == told["recorded_policies"] else "policy"
    was = ", ".join(told["recorded_policies"]) or "none"
    say(
        f"{told['events']:,} events of {told['people']:,} people decided again under {same} {told['policy']} "
        f"(recorded under {was})"
    )
    kinds = sorted({*told["recorded"], *told["decided"]}, key=lambda kind: (kind != "sent", kind))
    if kinds:
        say()
        rows = [
            [kind, f"{told['recorded'].get(kind, 0):,}", f"{told['decided'].get(kind, 0):,}"]
            for kind in kinds
        ]
        for line in table(["decision", "recorded", "now"], rows):
            say(line)
    say()
    _tell_what_differs(found, told)
    _tell_what_is_lacking(told)


def _tell_what_differs(found: Backtest, told: dict[str, Any]) -> None:
    if not found.differs:
        say(f"nothing differs: {told['same']:,} decisions are the same, in order and time")
        return
    counted = ", ".join(f"{n:,} {_KINDS[kind]}" for kind, n in told["kinds"].items() if n)
    say(f"{told['different']:,} decisions differ ({counted}); {told['same']:,} are the same")
    say("by rule: " + ", ".join(f"{rule} {n:,}" for rule, n in told["rules"].items()))
    for name, of in told.get("agents", {}).items():
        say(f"  {name}: " + ", ".join(f"{n:,} {_KINDS[kind]}" for kind, n in of.items()))
    say()
    for one in told["differences"]:
        subject = f" “{one['subject']}”" if one["subject"] else ""
        say(f"{one['kind']:8}  {one['user_id']}  {one['agent']}{subject}: {one['before']} -> {one['after']}")
        partly = " (rests on a partial answer)" if one["rests_on_a_partial_answer"] else ""
        say(f"          {one['rule']}: {one['why']}{partly}")
    left = told["different"] - len(told["differences"])
    if left:
        say(f"... and {left:,} more: --limit-differences or --json has them")


def _tell_what_is_lacking(told: dict[str, Any]) -> None:
    for task, n in told["missing_answers"].items():
        say(
            f"no recorded answer: {n['questions']:,} questions of {task} ({n['requests']:,} requests): {_MEANS[task]}"
        )
    pieced = told["pieced_answers"]
    if pieced["readings"]:
        readings, plans = f"{pieced['readings']:,} readings", f"{pieced['plans_not_asked_about']:,} plans"
        say(f"partial answers: {readings} show other plans beside the same messages; what the record says")
        say(f"  of each message is taken, and {plans} that it was not asked about stay open")
    for reason, n in told["not_compared"].items():
        say(f"not compared: {n:,} plans {reason}")
    for partition in told["begins_late"]:
        say(f"the record begins late: {partition}; consents, profiles and plans from before are not known")
    if not told["has_outcomes"]:
        say(
            "without nudge-outcome in the record only what its traces show is compared: what was sent or stood down"
        )


_KINDS = {
    "sent": "sent that were not",
    "silenced": "silenced",
    "winner": "lost to another",
    "time": "at another time",
    "reason": "silent for another reason",
    "recall": "recalled otherwise",
    "text": "with another text",
    "order": "in another order",
}
_MEANS = {
    "reading": "what these messages settle or raise is not known; plans wait as when no model answers",
    "compose": "their text is not known; the agent's own words are taken for it",
    "judge": "their score is not known; the checks of the text decide",
}
