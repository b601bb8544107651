"""The ledger of a show: every plan that was ever opened has one end, or is open still."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.scenario.ending import Ending
from topics.outcomes import OUTCOMES

STILL_OPEN = "open"
COLUMNS: tuple[str, ...] = (*OUTCOMES, STILL_OPEN)
_LABEL = 13


@dataclass(frozen=True, slots=True)
class Ledger:
    """What became of the plans of one story, or of all."""

    opened: int
    became: Mapping[str, int]

    @property
    def balances(self) -> bool:
        """Whether none was lost and none ended twice."""
        return self.opened == sum(self.became.values())

    def __str__(self) -> str:
        """As one line of its table."""
        return _row(str(self.opened), [str(self.became[column]) for column in COLUMNS], blank=True)


def ledger_of(opened: frozenset[str], ending: Ending) -> Ledger:
    """`opened` are the plans that were seen to open; what became of them stands in the topics."""
    became = Counter(outcome["outcome"] for outcome in ending.outcomes)
    became[STILL_OPEN] = len(ending.open)
    return Ledger(len(opened), {column: became[column] for column in COLUMNS})


def together(ledgers: Sequence[Ledger]) -> Ledger:
    """The sum of several."""
    became = {column: sum(one.became[column] for one in ledgers) for column in COLUMNS}
    return Ledger(sum(one.opened for one in ledgers), became)


def table(ledgers: Mapping[str, Ledger]) -> list[str]:
    """One line a story, and their sum when there are several; every line is an equation."""
    head = _row("opened", [column.replace("_", " ") for column in COLUMNS], blank=False)
    lines = [f" {'story':{_LABEL}}{head}"]
    lines += [f" {name:{_LABEL}}{one}" for name, one in ledgers.items()]
    if len(ledgers) > 1:
        lines.append(" " + "─" * (len(lines[0]) - 1))
        lines.append(f" {'all':{_LABEL}}{together(list(ledgers.values()))}")
    return lines


def _row(opened: str, rest: Sequence[str], *, blank: bool) -> str:
    """The columns are as wide as their heads; `blank` leaves the signs to the head."""
    heads = ["opened", *(column.replace("_", " ") for column in COLUMNS)]
    signs = ["", " = ", *[" + "] * (len(COLUMNS) - 1)]
    return "".join(
        f"{' ' * len(sign) if blank else sign}{value:>{len(head)}}"
        for sign, head, value in zip(signs, heads, (opened, *rest), strict=True)
    )
