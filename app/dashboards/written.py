"""The files that are written from this package, each with what has to stand in it."""

from __future__ import annotations

from collections.abc import Mapping

from app.dashboards import metrics_page


def files() -> Mapping[str, str]:
    """By the path from the root of the repository."""
    return {"app/docs/metrics.md": metrics_page.markdown()}
