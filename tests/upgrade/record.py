"""Records the rows that this version writes, for every later one to be held to.

    python -m tests.upgrade.record 0.2.0

Run it once for each release, and commit what it writes: `recorded/rows-SCHEMA-VERSION.jsonl` and `heads-...`, which
nobody changes afterwards. Every story of `tests/scenarios` is lived in memory, every committed row is looked at, and
as few are kept as together hold every field, and every state of a plan, that any of them has.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agents import load
from app.core.head import HEAD_KEY
from app.core.partition import Commit
from app.core.row import SCHEMA, decode
from app.drivers.kafka_takeover import decoded
from app.scenario.runner import run
from app.scenario.story import read
from app.scenario.world import Setting, World
from app.scenario.world_memory import MemoryWorld

RECORDED = Path(__file__).with_name("recorded")
STORIES = sorted((Path(__file__).parents[1] / "scenarios").glob("*.yaml"))
STATES = frozenset({"status", "state", "role", "speaker", "verdict"})
"""Fields of which each value is a case of its own."""


class WatchedWorld(MemoryWorld):
    """A story's world, of which every row that was ever committed is kept."""

    def __init__(self, setting: Setting, seen: dict[bytes, bool]) -> None:
        """`seen` says of each row whether it is the partition's own."""
        super().__init__(setting)
        self._seen = seen

    def _apply(self, worker: Any, commit: Commit) -> None:
        for key, value in commit.rows.items():
            if value is not None and key != HEAD_KEY:
                self._seen.setdefault(value, False)
        self._seen.setdefault(msgspec.msgpack.encode(commit.head), True)  # as the drivers write it
        super()._apply(worker, commit)


def lived(stories: Sequence[Path]) -> tuple[list[bytes], list[bytes]]:
    """Rows of people, and a partition's own, in the order in which these stories committed them."""
    seen: dict[bytes, bool] = {}

    def make(setting: Setting) -> World:
        return WatchedWorld(setting, seen)

    for path in stories:
        run(read(path), load(()), make)
    return [row for row, own in seen.items() if not own], [row for row, own in seen.items() if own]


def held(value: Any, at: str = "") -> Iterator[str]:
    """What a row holds: each field by its place, whoever's it is, and each state that a field is in."""
    if isinstance(value, Mapping):
        ids = at.rpartition(".")[2] in {"intents", "items", "mutes", "consents"}
        for key, each in value.items():
            yield from held(each, f"{at}.*" if ids else f"{at}.{key}")
    elif isinstance(value, list | tuple):
        for each in value:
            yield from held(each, at)
    else:
        yield f"{at}={value}" if at.rpartition(".")[2] in STATES else at


def kept(rows: Mapping[bytes, Any]) -> list[bytes]:
    """As few as hold all that any of them holds: again and again the one that adds most, the shorter of two."""
    missing = {row: set(held(means)) for row, means in rows.items()}
    chosen: list[bytes] = []
    while missing:
        best = max(missing, key=lambda row: (len(missing[row]), -len(row)))
        covered = missing.pop(best)
        if not covered:
            break
        chosen.append(best)
        missing = {row: left - covered for row, left in missing.items()}
    return chosen


def lines(rows: Mapping[bytes, Any]) -> str:
    """One JSON object for each kept row: its bytes, and what they mean to this version."""
    written = [
        json.dumps({"bytes": base64.b64encode(row).decode(), "means": rows[row]}, sort_keys=True)
        for row in kept(rows)
    ]
    return "".join(f"{line}\n" for line in written)


def record(version: str, into: Path, stories: Sequence[Path]) -> list[Path]:
    """Write both files; FileExistsError when that version was recorded: what it wrote does not change any more."""
    people, heads = lived(stories)
    found = {
        into / f"rows-{SCHEMA}-{version}.jsonl": {row: msgspec.to_builtins(decode(row)) for row in people},
        into / f"heads-{SCHEMA}-{version}.jsonl": {row: msgspec.to_builtins(decoded(row)) for row in heads},
    }
    for path, rows in found.items():
        with path.open("x") as file:
            file.write(lines(rows))
    return list(found)


def main() -> None:
    """Live all stories, and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade.record", description=__doc__)
    parser.add_argument("version", help="the release whose rows these are, as 0.2.0")
    given = parser.parse_args()
    try:
        paths = record(given.version, RECORDED, STORIES)
    except FileExistsError as error:
        sys.exit(f"{error.filename} is there: what a release wrote does not change any more")
    for path in paths:
        sys.stdout.write(f"{path}: {len(path.read_text().splitlines())} rows\n")


if __name__ == "__main__":
    main()
