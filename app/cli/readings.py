"""The readings that `tactful eval` asks for: cases from a file, put to the worker's own reading, and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.answers import USAGE, complain
from app.cli.asked import Exchange, files_told, note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.core.asks import Reading, Reply
    from app.evaluation.cases import Case, Label
    from app.evaluation.situation import Situation
    from app.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Readings that were asked for, and what was answered."""

    where: Situation
    asked: list[Case]
    known: Mapping[str, Label]
    found: Mapping[str, Callable[[Reading], Reply]]
    instructions: str

    def unanswered(self) -> int:
        """How many cases have no answer, which is said."""
        left = len(self.asked) - len(self.found)
        if left:
            note(f"{left} cases have no answer")
        return left


def read(exchange: Exchange, cases: Path, labels: Path | None, form: str = "cases") -> Readings | None:
    """Each case as the worker's own reading, with its answer; None when there was only to export."""
    from app.cli.opening import settings
    from app.evaluation.exchange import instructions

    given = settings()
    where = situation(given)
    exchange.check(where.policy)
    asked, known = _cases(cases, labels, form)
    asks = [(case.id, where.ask(case)) for case in asked]
    brought = exchange.brought(given, where.policy, asks)
    if exchange.answers is None:
        return None
    return Readings(
        where=where,
        asked=asked,
        known=known,
        found={name: one.reply for name, one in brought.items()},
        instructions=instructions(asks[0][1].question),
    )


def situation(given: Settings) -> Situation:
    """The policy and the agents of this deployment."""
    from app.cli.answers import told
    from app.core.roster import Roster
    from app.deployment import deciding
    from app.evaluation.situation import Situation

    with told():
        decides = deciding(given)
    return Situation(decides.policy, Roster(decides.agents.values()))


def _cases(cases: Path, labels: Path | None, form: str = "cases") -> tuple[list[Case], Mapping[str, Label]]:
    from app.evaluation.cases import read_cases, read_labels
    from app.evaluation.datasets import FORMATS

    forms = {"cases": read_cases, **FORMATS}
    if form not in forms:
        complain(f"--format {form}: there is {', '.join(forms)}", USAGE)
    with files_told():
        asked, known = forms[form](cases)
        return asked, known if labels is None else known | read_labels(labels, asked)
