"""A run's topics, DuckDB, and the commands as somebody types them who has it installed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.export.runs import onto_folder, told
from tests.facts.cli.terminal import Said, Terminal
from tests.tools import have
from tests.tools.duckdb import duckdb
from topics.record import Record

STUDENTS = 40
MESSAGES = 400
DAYS = 9
FIRST = 1_082_040_961


@dataclass(frozen=True)
class Exporting:
    """A log, and the folder into which it is exported."""

    log: str
    to: Path
    prefix: str = ""

    @property
    def env(self) -> dict[str, str]:
        """What every command here is told."""
        return {"TACTFUL_LOG": self.log, "TACTFUL_TOPIC_PREFIX": self.prefix}

    def tactful(self, *words: object) -> Said:
        """Run a command to its end."""
        return Terminal(self.to).tactful(*words, env=self.env)

    def export(self, *words: object) -> Said:
        """`tactful outcomes export` into the folder."""
        return self.tactful("outcomes", "export", "--to", self.to, "--json", *words)

    def killed(self, *words: object, at_step: int) -> int:
        """The same in a process that ends at its Nth step on the disk: how it ended."""
        there = os.pathsep.join([str(have(duckdb)), str(Path(__file__).parents[2])])
        command = [
            sys.executable,
            "-m",
            "tests.export.kill_me",
            str(at_step),
            "outcomes",
            "export",
            "--to",
            str(self.to),
        ]
        env = os.environ | self.env | {"PYTHONPATH": there}
        return subprocess.run([*command, *map(str, words)], env=env, check=False, timeout=120).returncode

    def added(self, *words: object) -> Any:
        """What an export says that it did, once it ends well."""
        done = self.export(*words)
        assert done.code == 0, done.err
        return done.object["tables"]

    def names(self) -> list[str]:
        """The questions there are."""
        return [line.split()[0] for line in self.tactful("outcomes", "questions").lines[1:]]

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """What any reader of the Parquet files sees at this moment."""
        if not list((self.to / table).rglob("*.parquet")):
            return []
        return asked(f"FROM read_parquet('{self.to}/{table}/**/*.parquet') SELECT {columns}")


def asked(query: str) -> list[tuple[Any, ...]]:
    """DuckDB's own answer, beside the product's."""
    import duckdb as outside  # noqa: PLC0415 - it lives in a folder of its own, see `with_duckdb`

    found: list[tuple[Any, ...]] = outside.connect().execute(query).fetchall()
    return found


@pytest.fixture(scope="session", autouse=True)
def with_duckdb() -> Iterator[None]:
    """DuckDB stands beside what is installed, as for somebody who installed it."""
    folder = str(have(duckdb))
    sys.path.append(folder)
    yield
    sys.path.remove(folder)


def placed(records: Sequence[Record]) -> list[tuple[int, int, str]]:
    """Each outcome by its place in the topic, and its name."""
    return sorted(
        (each.partition, each.offset, msgspec.json.decode(each.value or b"")["outcome_id"])
        for each in records
    )


@pytest.fixture(scope="session")
def topics(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sequence[Record]]:
    """Some students who write to each other for nine days, and what the machine made of it."""
    chance = random.Random(7)
    times = sorted(chance.randrange(DAYS * 86_400) for _ in range(MESSAGES))
    lines = [f"{chance.randrange(STUDENTS)} {chance.randrange(STUDENTS)} {FIRST + at}\n" for at in times]
    file = tmp_path_factory.mktemp("told") / "messages.txt"
    file.write_text("".join(lines))
    return told("collegemsg", file)


@pytest.fixture
def exporting(topics: Mapping[str, Sequence[Record]], tmp_path: Path) -> Exporting:
    """The run on an embedded log."""
    onto_folder(topics, tmp_path / "log")
    return Exporting(f"embedded:{tmp_path / 'log'}", tmp_path / "files")
