"""People who were erased go from the files, too: each file that holds a row of theirs is written anew without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.export.book import FolderError, found, synced
from app.export.duck import Duck
from app.export.tables import TABLES


@dataclass(slots=True)
class Gone:
    """What went."""

    rows: dict[str, int] = field(default_factory=dict)
    """By table."""
    files: int = 0
    people: set[str] = field(default_factory=set)
    """Those who had a row."""


def erase(folder: Path, users: Sequence[str], duck: Duck) -> Gone:
    """Every row of these people; FolderError when an export that was killed would write some of them again.

    A file keeps its name, by which an export knows that it is written, also when nothing is left in it. Each appears
    whole in the place of the old one; who is killed in between runs it again.
    """
    under_way = [
        name
        for name, shelf in found(folder).tables.items()
        if any(each.begun is not None for each in shelf.positions.values())
    ]
    if under_way:
        raise FolderError(
            f"an export of {' and '.join(under_way)} to {folder} was cut off and would bring rows back: run "
            "`tactful outcomes export` to its end first"
        )
    gone = Gone()
    for name in TABLES:
        held = duck.held(f"{folder / name}/**/*.parquet", "user_id", users)
        for file in sorted({file for file, _, _ in held}):
            path = Path(file)
            half = path.with_name(f".{path.name}.half")
            duck.without(path, "user_id", users, half)
            half.rename(path)
            synced(path.parent)
            gone.files += 1
        gone.people.update(user for _, user, _ in held)
        if rows := sum(count for _, _, count in held):
            gone.rows[name] = rows
    return gone
