"""The questions that a data team asks first, each an SQL file of its own that runs in any DuckDB."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from app.export.duck import Answer, Duck
from app.export.tables import TABLES

QUERIES = Path(__file__).parents[2] / "topics" / "queries"
_NUMBER = re.compile(r"^\d+_")


@dataclass(frozen=True, slots=True)
class Plot:
    """Which columns are drawn: one bar for each label, in pieces where there is a series."""

    label: str
    value: str
    series: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Its name is the file's, its title the file's first line; `-- plot: label value series` says what is drawn."""

    name: str
    title: str
    sql: str
    plot: Plot | None


def questions() -> dict[str, Question]:
    """All of them by name, in the order of their files."""
    found = [_read(file) for file in sorted(QUERIES.glob("*.sql"))]
    return {one.name: one for one in found}


def _read(file: Path) -> Question:
    text = file.read_text(encoding="utf-8")
    title, *rest = text.splitlines()
    plot = next((Plot(*line.split()[2:]) for line in rest if line.startswith("-- plot: ")), None)
    return Question(_NUMBER.sub("", file.stem), title.removeprefix("-- "), text, plot)


def tables_in(duck: Duck, folder: Path) -> None:
    """The exported tables as views by their names; those that were not exported are empty."""
    for table in TABLES.values():
        duck.view(table.name, f"{folder}/{table.name}/**/*.parquet", table.columns)


def answered(duck: Duck, question: Question) -> Answer:
    """The question's answer; DuckError when the files do not have what it asks for."""
    return duck.ask(question.sql)


def as_markdown(question: Question, answer: Answer) -> str:
    """A heading and a table."""
    rows = [answer.names, ["---"] * len(answer.names), *answer.rows]
    lines = ["| " + " | ".join((value or "").replace("|", "\\|") for value in row) + " |" for row in rows]
    return "\n".join([f"### {question.title}", "", *lines, ""])
