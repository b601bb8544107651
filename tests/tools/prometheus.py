"""Prometheus and promtool, which ask a worker's metrics what dashboards and alerts ask."""

from __future__ import annotations

from pathlib import Path

from tests.tools.keeping import on_path


def promtool() -> Path:
    """Checks pages of metrics and rules, and runs rules against invented series."""
    return on_path("promtool", "prometheus")


def prometheus() -> Path:
    """The server."""
    return on_path("prometheus", "prometheus")
