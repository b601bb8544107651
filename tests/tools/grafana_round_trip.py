"""Reads dashboards by Grafana's own models and writes them again; prints whatever did not come through.

    python grafana_round_trip.py FILE...

Run by an interpreter that has grafana-foundation-sdk. A key that the models do not know is misspelt, or belongs
to another version of Grafana.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import grafana_foundation_sdk.cog.plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard


def lost(before: Any, after: Any, place: str) -> list[str]:
    """Where the second lacks what the first has, or has something else."""
    if isinstance(before, dict):
        there = after if isinstance(after, dict) else {}
        found = []
        for key, value in before.items():
            within = f"{place}.{key}"
            found += lost(value, there[key], within) if key in there else [f"{within} is not known"]
        return found
    if isinstance(before, list):
        if not isinstance(after, list) or len(before) != len(after):
            return [f"{place} has another length"]
        return [
            one
            for n, (old, new) in enumerate(zip(before, after, strict=True))
            for one in lost(old, new, f"{place}[{n}]")
        ]
    return [] if before == after else [f"{place}: {before!r} became {after!r}"]


def main() -> None:
    """Exit 1 with a line for everything that was lost."""
    grafana_foundation_sdk.cog.plugins.register_default_plugins()
    found = []
    for name in sys.argv[1:]:
        before = json.loads(Path(name).read_text(encoding="utf-8"))
        after = json.loads(JSONEncoder().encode(Dashboard.from_json(before)))
        found += lost(before, after, Path(name).stem)
    print(*found, sep="\n")  # noqa: T201 - a program's own output
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
