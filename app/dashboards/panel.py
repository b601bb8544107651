"""What a dashboard is made of, as values: panels with their queries, in rows, from left to right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["timeseries", "stat", "bargauge", "table"]
Unit = Literal["short", "s", "ops", "percentunit", "currencyUSD", "bytes", "none"]
"""Grafana's names; `ops` is events a second."""

COLUMNS = 24
"""Of Grafana's grid."""
OF = 'namespace=~"$namespace",job=~"$job",instance=~"$instance"'
"""Chooses the workers that the reader of a dashboard has chosen."""


@dataclass(frozen=True, slots=True)
class Query:
    """One expression in PromQL, and how its series are called; `{{label}}` stands for a label's value."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture of one question.

    `empty_when_well`: no series is the good answer, and not a query that finds nothing.
    `steps`: from which value on it is looked upon as what colour; below the first it is green.
    """

    title: str
    says: str
    """What is seen here and what to make of it: the panel's description."""
    queries: tuple[Query, ...]
    unit: Unit = "short"
    kind: Kind = "timeseries"
    width: int = 8
    height: int = 8
    stacked: bool = False
    empty_when_well: bool = False
    steps: tuple[tuple[float, str], ...] = ()
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels that belong together, below their title."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One page of Grafana; `name` is its file's."""

    name: str
    title: str
    says: str
    rows: tuple[Row, ...]
    shown_by: tuple[str, ...] = ("tactful_build_info",)
    """Metrics of which each process has one that the reader may choose."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of them, in reading order."""
        return tuple(panel for row in self.rows for panel in row.panels)
