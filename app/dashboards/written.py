"""The files that are written from this package, each with what has to stand in it."""

from __future__ import annotations

from collections.abc import Mapping

from app.dashboards import grafana, metrics_page, pictures_page
from app.dashboards.decisions import DECISIONS
from app.dashboards.delivery import DELIVERY
from app.dashboards.model import MODEL
from app.dashboards.pipeline import PIPELINE
from app.dashboards.promises import PROMISES

DASHBOARDS = (PROMISES, DECISIONS, PIPELINE, MODEL, DELIVERY)


def files() -> Mapping[str, str]:
    """By the path from the root of the repository."""
    pages = {f"helm/dashboards/{one.name}.json": grafana.written(one) for one in DASHBOARDS}
    return {
        "app/docs/metrics.md": metrics_page.markdown(),
        "app/docs/dashboards.md": pictures_page.markdown(DASHBOARDS),
        **pages,
    }
