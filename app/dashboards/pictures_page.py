"""The page of the documentation that shows the dashboards."""

from __future__ import annotations

from collections.abc import Sequence

from app.dashboards.panel import Dashboard, Panel

BEFORE = """# Dashboards

Five dashboards for Grafana 11 lie in `helm/dashboards/`; the chart brings them as a ConfigMap.
They are written from `app/dashboards/` by `python -m app.dashboards`, and so is this page.
To change one, change its values there; a test holds the files against them.

What is asked of them, on every change:

* Grafana's own models (grafana-foundation-sdk) read each file and write the same again, so no key is misspelt or of
  another version.
* No two panels overlap; each has a unit, a description and a name for every series; data source, namespace,
  deployment and worker can be chosen, and the choice holds for every query.
* Each metric and label exists, and each metric stands on a dashboard.
* Each query is asked of a real Prometheus that scrapes a worker on a real broker, and has an answer; so does what is
  empty while all is well, since the scene brings that about too.

Not tried: loading them into a Grafana, for which there is no package here.

The pictures below are drawn by `python -m tests.prometheus.pictures`, and not by Grafana: that command lets two workers
on a broker live through seven minutes of load, asks every query of every dashboard of the Prometheus that watched them,
and draws the answers with a few shapes of its own.
In the middle the model is away for nearly three minutes; now and then somebody writes what nobody can understand, and
an agent raises.
The crowd comes in the second minute.
The picture of delivery is of another run (`--only delivery --minutes 4`), whose receiver answers 503 for a minute.
The two cores drove the brokers, the people, Prometheus and the model, too: the times are no measurements.
"""


def markdown(dashboards: Sequence[Dashboard]) -> str:
    """The whole page."""
    return BEFORE + "".join(_part(one) for one in dashboards)


def _part(dashboard: Dashboard) -> str:
    title = dashboard.title.removeprefix("Tactful: ")
    head = f"\n## {title[0].upper()}{title[1:]}\n\n{dashboard.says}\n\n"
    picture = f"![{dashboard.title}](pictures/dashboard-{dashboard.name}.svg)\n\n"
    rows = "".join(_row(panel) for panel in dashboard.panels)
    return f"{head}{picture}| panel | shows |\n|---|---|\n{rows}"


def _row(panel: Panel) -> str:
    return f"| {panel.title} | {panel.says} |\n"
