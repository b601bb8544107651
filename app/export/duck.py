"""DuckDB, which writes Parquet and answers SQL: an optional part, imported here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class LacksDuckDBError(Exception):
    """DuckDB is not installed.

    Operator action: install it beside Tactful, as the message says; nothing was read or written.
    """

    def __init__(self) -> None:
        super().__init__(
            "this needs DuckDB, which is not installed: pip install 'tactful[export]', or pip install duckdb"
        )


class DuckError(Exception):
    """DuckDB cannot do this; the message is its own."""


Columns = Mapping[str, str]
"""A column's name and its type in DuckDB's words."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query found: names, and rows of texts; None is null."""

    names: tuple[str, ...]
    rows: Sequence[tuple[str | None, ...]]


class Duck:
    """One connection in memory, in UTC; it fetches no extension from anywhere."""

    def __init__(self) -> None:
        """LacksDuckDBError when it is not installed."""
        try:
            import duckdb  # noqa: PLC0415 - an optional part
        except ImportError:
            raise LacksDuckDBError from None
        self._error: type[Exception] = duckdb.Error
        here = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        self._connection: Any = duckdb.connect(config=here)
        self._connection.execute("SET TimeZone = 'UTC'")

    def to_parquet(self, lines: Path, columns: Columns, into: Path) -> None:
        """Write the JSON lines of a file as one Parquet file that the disk has when this returns."""
        known = ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in columns.items())
        read = f"read_json({_text(str(lines))}, format = 'newline_delimited', columns = {{{known}}})"
        self._do(f"COPY (FROM {read}) TO {_text(str(into))} (FORMAT parquet, COMPRESSION zstd)")
        with into.open("rb") as written:
            os.fsync(written.fileno())

    def view(self, name: str, files: str, columns: Columns) -> None:
        """A view of all Parquet files that fit the pattern; empty where there are none, with the same columns."""
        found = self._do(f"FROM glob({_text(files)}) LIMIT 1").fetchone()
        if found is None:
            nothing = ", ".join(f"NULL::{kind} AS {_name(each)}" for each, kind in columns.items())
            source = f"(SELECT {nothing}) LIMIT 0"
        else:
            source = f"read_parquet({_text(files)}, union_by_name = true)"
        self._do(f"CREATE OR REPLACE VIEW {_name(name)} AS FROM {source}")

    def held(self, files: str, column: str, values: Sequence[str]) -> list[tuple[str, str, int]]:
        """Which files that fit the pattern have which of these values in a column, and in how many rows."""
        if self._do(f"FROM glob({_text(files)}) LIMIT 1").fetchone() is None:
            return []
        named = _name(column)
        rows: list[tuple[str, str, int]] = self._do(
            f"FROM read_parquet({_text(files)}, union_by_name = true, filename = true) "
            f"SELECT filename, {named}, count(*) WHERE {named} IN ({_texts(values)}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        return rows

    def without(self, file: Path, column: str, values: Sequence[str], into: Path) -> None:
        """Write a Parquet file again without the rows that have one of these values; the disk has it on return."""
        named = _name(column)
        kept = (
            f"FROM read_parquet({_text(str(file))}, hive_partitioning = false) "
            f"WHERE {named} IS NULL OR {named} NOT IN ({_texts(values)})"
        )
        self._do(f"COPY ({kept}) TO {_text(str(into))} (FORMAT parquet, COMPRESSION zstd)")
        with into.open("rb") as written:
            os.fsync(written.fileno())

    def ask(self, query: str) -> Answer:
        """Every value as text; DuckError when it cannot be answered."""
        found = self._do(f"FROM ({query.strip().rstrip(';')}) SELECT COLUMNS(*)::VARCHAR")
        return Answer(tuple(each[0] for each in found.description), found.fetchall())

    def _do(self, statement: str) -> Any:
        try:
            return self._connection.execute(statement)
        except self._error as error:
            raise DuckError(str(error)) from None

    def close(self) -> None:
        self._connection.close()


def _text(text: str) -> str:
    """A literal."""
    return "'" + text.replace("'", "''") + "'"


def _texts(values: Sequence[str]) -> str:
    return ", ".join(_text(value) for value in values)


def _name(text: str) -> str:
    """An identifier."""
    return '"' + text.replace('"', '""') + '"'
