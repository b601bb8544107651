"""Grafana's own models of a dashboard, in an environment apart: there is no Grafana here to load one."""

from __future__ import annotations

from pathlib import Path

from tests.tools.keeping import environment

REQUIREMENTS = Path(__file__).with_suffix(".txt")


def grafana_models() -> Path:
    """The interpreter that has them."""
    return environment("grafana", REQUIREMENTS) / "python"
