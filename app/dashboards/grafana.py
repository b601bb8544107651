"""A dashboard as the JSON that Grafana 11 reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from app.dashboards.panel import COLUMNS, Dashboard, Panel, Row

SCHEMA_VERSION = 41
"""Of dashboards, in Grafana 11.6."""
NAMED = 'namespace=~"$namespace"'
"""Without namespaces, as under docker compose, all of them is the only choice, and fits."""
JOB = 'job=~"$job"'
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def written(dashboard: Dashboard) -> str:
    """The text of its file."""
    return json.dumps(_document(dashboard), indent=1, ensure_ascii=False) + "\n"


def _document(dashboard: Dashboard) -> dict[str, Any]:
    shown = dashboard.shown_by
    return {
        "uid": f"tactful-{dashboard.name}",
        "title": dashboard.title,
        "description": dashboard.says,
        "tags": ["tactful"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,  # one cross-hair over all panels
        "refresh": "30s",
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "annotations": {"list": [_alerts(), _releases()]},
        "templating": {
            "list": [
                _data_source(),
                _choice("namespace", "Namespace", f"label_values({_series(shown)}, namespace)"),
                _choice("job", "Deployment", f"label_values({_series(shown, NAMED)}, job)"),
                _choice(
                    "instance",
                    "Worker",
                    f"label_values({_series(shown, NAMED, JOB)}, instance)",
                ),
            ]
        },
        "panels": list(_laid_out(dashboard.rows)),
    }


def _series(metrics: tuple[str, ...], *labels: str) -> str:
    """Those of these metrics with these labels."""
    if len(metrics) == 1:
        return metrics[0] + (f"{{{','.join(labels)}}}" if labels else "")
    named = f'__name__=~"{"|".join(metrics)}"'
    return f"{{{','.join((named, *labels))}}}"


def _laid_out(rows: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    """From left to right and from top to bottom, with ids in that order."""
    number, y = 0, 0
    for row in rows:
        number += 1
        place = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        y, x, tallest = y + 1, 0, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                y, x, tallest = y + tallest, 0, 0
            number += 1
            yield _panel(panel, number, {"x": x, "y": y, "w": panel.width, "h": panel.height})
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    over_time = panel.kind == "timeseries"
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "gridPos": place,
        "datasource": SOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + n),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
                "range": over_time,
                "instant": not over_time,
                "format": "table" if panel.kind == "table" else "time_series",
            }
            for n, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    steps += [{"color": color, "value": value} for value, color in panel.steps]
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": steps},
        "noValue": "none" if panel.empty_when_well else "no data",
    }
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "lineWidth": 1,
            "fillOpacity": 40 if panel.stacked else 8,
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "line" if panel.steps else "off"},
        }
    return defaults


def _options(panel: Panel) -> dict[str, Any]:
    match panel.kind:
        case "timeseries":
            return {
                "legend": {
                    "showLegend": True,
                    "displayMode": "table",
                    "placement": "bottom",
                    "calcs": ["lastNotNull", "max"],
                },
                "tooltip": {"mode": "multi", "sort": "desc"},
            }
        case "stat":
            return {
                "reduceOptions": {"calcs": ["lastNotNull"]},
                "colorMode": "background",
                "graphMode": "none",
            }
        case "bargauge":
            return {
                "reduceOptions": {"calcs": ["lastNotNull"]},
                "orientation": "horizontal",
                "displayMode": "basic",
            }
        case "table":
            return {"showHeader": True, "cellHeight": "sm"}


def _data_source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _choice(name: str, label: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": query,
        "refresh": 2,  # when the time range changes: workers come and go
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _alerts() -> dict[str, Any]:
    """Marks where an alert of ours was firing."""
    return {
        "name": "Alerts",
        "enable": True,
        "iconColor": "red",
        "datasource": SOURCE,
        "expr": 'max by (alertname, severity) (ALERTS{alertname=~"Tactful.*",alertstate="firing"})',
    }


def _releases() -> dict[str, Any]:
    """Marks where another version or policy came."""
    return {
        "name": "Version or policy",
        "enable": True,
        "iconColor": "blue",
        "datasource": SOURCE,
        "expr": "max by (version, policy) (tactful_build_info) unless "
        "max by (version, policy) (tactful_build_info offset 5m)",
    }
