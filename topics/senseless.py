"""What is wrong with a field, in words that never hold the value: the value may be what a person said."""

from __future__ import annotations

import re

_PATH = re.compile(r"^(?P<said>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_TYPES = re.compile(r"Expected `([\w |]+)`, got `(\w+)`")


class Senseless(ValueError):  # said of the field, not of our code
    """A field that is missing or makes no sense: its name as a path, and the problem."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


def from_validation(error: Exception, root: str) -> Senseless:
    """The decoder's complaint with the field's path from `root`, without the value that it may quote."""
    parts = _PATH.match(str(error))
    said, path = (parts["said"], parts["path"] or "") if parts else ("", "")
    missing = _MISSING.match(said)
    if missing:
        path += f".{missing[1]}"
    return Senseless(f"{root}{path}".lstrip("."), "is missing" if missing else _problem(said))


def _problem(said: str) -> str:
    if said.startswith("Expected `datetime") and "timezone" in said:
        return "has no offset: write it like 2026-03-02T18:00:00+01:00"
    if said.startswith("Invalid RFC3339"):
        return "is no RFC 3339 time: write it like 2026-03-02T18:00:00+01:00"
    if said.startswith("Invalid enum value"):
        return "is none of the values that it may have"
    types = _TYPES.match(said)
    return f"must be {types[1]}, not {types[2]}" if types else "makes no sense"
