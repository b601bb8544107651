"""What is said before the first story, after each, and after the last one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.demo.screen import Screen

if TYPE_CHECKING:
    from app.demo.ledger import Ledger
    from app.scenario.runner import Result

LEGEND = "+ a plan   » moved   … waiting   ✗ struck out   ● a message   ○ kept quiet"


def opening(screen: Screen, on: str, stories: int) -> None:
    """What is about to be seen, and what of it is real."""
    where = {
        "memory": "a log in memory",
        "embedded": "an embedded log of its own (RocksDB in a temporary folder, removed afterwards)",
    }.get(on, f"topics of its own at {on} (removed afterwards)")
    screen.say(
        "Tactful decides when an assistant reaches out to a person, and when it keeps quiet.", style="bold"
    )
    screen.say()
    shown = "One story in quick motion, on" if stories == 1 else f"{stories} stories in quick motion, each on"
    screen.say(f"{shown} {where}.")
    model = "The model is SCRIPTED: nothing here is written or understood by a language model."
    if on == "memory":
        screen.say(f"{model} Its answers stand in the stories' files.")
    else:
        screen.say(f"{model} The real SDK asks over HTTP; a server beside it answers from the story's file.")
    screen.say()
    screen.row(f" {LEGEND}", style="dim")


def judged(screen: Screen, result: Result) -> None:
    """What of a story was recorded, and whether it is as the story expects."""
    outcomes = sorted(result.ending.outcomes, key=lambda outcome: (outcome["closed_at"], outcome["outcome"]))
    ends = [f"{outcome['outcome']} ({outcome['reason']})" for outcome in outcomes]
    ends += ["still open"] * len(result.ending.open)
    screen.row()
    screen.say(f"Recorded: {', '.join(ends) or 'nothing, for nothing was planned'}.", "dim")
    if result.passed:
        screen.say("✓ as the story expects", "green")
    for failure in result.failures:
        screen.say(f"✗ NOT as the story expects: {failure}", "bold red")
    screen.rest()


def closing(
    screen: Screen, on: str, ledgers: Mapping[str, Ledger], failed: list[str], seconds: float
) -> None:
    """The ledger, whether all went as expected, and where to go next."""
    from app.demo.ledger import table, together  # noqa: PLC0415 - the opening is said before much is loaded

    total = together(list(ledgers.values()))
    screen.rule("The ledger")
    screen.say("Every plan that was ever opened has one end, or is open still. Silence has its reason, too.")
    screen.row()
    for line in table(ledgers):
        screen.row(line)
    screen.row()
    if not total.balances:
        screen.say(
            f"✗ the ledger does NOT balance: {total.opened} plans were opened, and "
            f"{sum(total.became.values())} are accounted for",
            style="bold red",
        )
    if failed:
        screen.say(f"✗ NOT as expected: {', '.join(failed)} ({seconds:.0f} s)", style="bold red")
    else:
        screen.say(f"✓ all as expected ({seconds:.0f} s)", style="bold green")
    screen.say()
    screen.say("Next: README.md says how your services write to Tactful, and how to run it.")
    screen.say("The stories are files in app/demo/stories. Copy one, change it, and tell it:")
    screen.row("   tactful scenario run YOURS.yaml --show", style="bold")
    screen.say("A week of fourteen people, told onto a log that stays, to look at in the console:")
    screen.row("   .venv/bin/tactful demo --keep ./tactful-demo", style="bold")
    screen.row("   TACTFUL_LOG=embedded:./tactful-demo .venv/bin/tactful console", style="bold")
    if not on.startswith("kafka"):
        screen.say("The same show on a broker:")
        screen.row("   make demo KAFKA=host:port", style="bold")
