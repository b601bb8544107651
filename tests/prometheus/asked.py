"""A dashboard's file as JSON, and its queries as Prometheus is asked them: Grafana's variables filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "helm" / "dashboards").glob("*.json"))


def document(path: Path) -> dict[str, Any]:
    """One dashboard."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def panels(path: Path) -> Iterator[dict[str, Any]]:
    """Its panels without the rows' titles, in reading order."""
    yield from (panel for panel in document(path)["panels"] if panel["type"] != "row")


def filled_in(expr: str, *, rate: str = "5s", over: str = "60s") -> str:
    """The expression with all workers chosen; `rate` is the window of rates, `over` the time that is shown."""
    filled = expr.replace("$__rate_interval", rate).replace("$__range", over)
    filled = filled.replace("$namespace", ".*").replace("$job", ".*").replace("$instance", ".*")
    assert "$" not in filled, filled
    return filled


def legend(template: str, labels: dict[str, str]) -> str:
    """What a series is called."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), template)
