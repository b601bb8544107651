"""The stories of the demo: where they are, what they are called, and what is told before them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.scenario.errors import StoryError

FOLDER = Path(__file__).parent / "stories"


def shelf() -> dict[str, Path]:
    """The stories by their short names, in the order of the show."""
    return {path.stem.partition("_")[2]: path for path in sorted(FOLDER.glob("*.yaml"))}


def chosen(names: Sequence[str]) -> dict[str, Path]:
    """The stories of these names, or all; StoryError names those that there are."""
    stories = shelf()
    unknown = [name for name in names if name not in stories]
    if unknown:
        raise StoryError(f"there is no story {unknown[0]!r}; --story is one of: {', '.join(stories)}")
    return {name: path for name, path in stories.items() if not names or name in names}


def about(path: Path) -> str:
    """The words at the head of a story's file, in front of its first key."""
    said = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        said.append(line.lstrip("# "))
    return " ".join(said)
