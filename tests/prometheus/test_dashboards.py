"""The dashboards: Grafana's models know every key of them, nothing overlaps, each panel says what it shows."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

import pytest

from app.dashboards.panel import COLUMNS
from app.dashboards.written import DASHBOARDS
from app.metric_list import DELIVERY, METRICS
from tests.prometheus.asked import FILES, document, filled_in, panels
from tests.tools import have
from tests.tools.grafana import grafana_models
from tests.tools.prometheus import promtool

PICTURES = Path(__file__).parents[2] / "app" / "docs" / "pictures"
ROUND_TRIP = Path(__file__).parents[1] / "tools" / "grafana_round_trip.py"
SUFFIXES = ("_bucket", "_sum", "_count")
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def round_trip(*paths: Path) -> subprocess.CompletedProcess[str]:
    """Read and written again by Grafana's own models."""
    command = [str(have(grafana_models)), str(ROUND_TRIP), *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_there_is_a_file_for_each_dashboard() -> None:
    """And none besides; `test_written.py` holds their contents."""
    assert {path.stem for path in FILES} == {one.name for one in DASHBOARDS}


def test_grafanas_models_know_every_key(tmp_path: Path) -> None:
    """What they read they write again, whole; a misspelt key is named."""
    found = round_trip(*FILES)
    assert found.returncode == 0, found.stdout + found.stderr
    text = FILES[0].read_text()
    broken = tmp_path / "broken.json"
    broken.write_text(
        text.replace('"legendFormat"', '"legendFromat"', 1).replace('"gridPos"', '"gridpos"', 1)
    )
    found = round_trip(broken)
    assert found.returncode == 1
    assert "legendFromat is not known" in found.stdout
    assert "gridpos is not known" in found.stdout


@every_file
def test_ids_are_unique_and_nothing_overlaps(path: Path) -> None:
    """Every panel has a place of its own inside the grid, and an id of its own."""
    found = document(path)["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    taken: dict[tuple[int, int], str] = {}
    for panel in found:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS
        cells = itertools.product(
            range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        )
        for cell in cells:
            assert cell not in taken, f"{panel['title']} lies over {taken[cell]}"
            taken[cell] = panel["title"]


@every_file
def test_each_panel_says_what_it_shows(path: Path) -> None:
    """A title of its own, a description, a unit, the chosen data source, and a legend for every series."""
    titles = [panel["title"] for panel in panels(path)]
    assert len(set(titles)) == len(titles)
    for panel in panels(path):
        assert re.fullmatch(r"[A-Z].{20,}[.`]", panel["description"], re.DOTALL), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["targets"]
        for target in panel["targets"]:
            assert target["legendFormat"], panel["title"]
            assert target["datasource"] == panel["datasource"]
            assert_legend_fits(target)
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)


def assert_legend_fits(target: dict[str, Any]) -> None:
    """What the legend names is a label that the expression leaves, and all that it leaves is named."""
    named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    grouped = re.search(r"by \(([^)]*)\)", target["expr"])
    summed_up = target["expr"].startswith("sum(max by")  # grouped within, and one number in the end
    if grouped is not None and not summed_up:
        assert named == {label.strip() for label in grouped[1].split(",")} - {"le"}, target["expr"]


@every_file
def test_the_readers_choice_holds_for_every_query(path: Path) -> None:
    """Data source, deployment and worker can be chosen, and each expression on our metrics asks for the chosen."""
    chosen = {one["name"]: one["type"] for one in document(path)["templating"]["list"]}
    assert chosen == {"datasource": "datasource", "namespace": "query", "job": "query", "instance": "query"}
    for panel in panels(path):
        for target in panel["targets"]:
            selectors = re.findall(r"\b(?:tactful|process)_\w+(\{[^}]*\})?", target["expr"])
            assert selectors or "ALERTS" in target["expr"]
            assert all(
                'namespace=~"$namespace",job=~"$job",instance=~"$instance"' in one for one in selectors
            ), target["expr"]


@every_file
def test_what_is_asked_for_exists(path: Path) -> None:
    """Each metric is in the list, with the labels by which it is chosen and grouped."""
    listed = {metric.name: metric for metric in (*METRICS, *DELIVERY)}
    for panel in panels(path):
        for target in panel["targets"]:
            for name, chosen in re.findall(r"\b(tactful_\w+)\{([^}]*)\}", target["expr"]):
                ending = next((one for one in SUFFIXES if name.endswith(one)), "")
                metric = listed[name if name in listed else name.removesuffix(ending)]
                assert (metric.kind == "histogram") == (name not in listed or bool(ending)), name
                labels = set(re.findall(r"(\w+)(?:=~|!~|!=|=)", chosen)) - {"namespace", "job", "instance"}
                assert labels <= set(metric.labels), target["expr"]


def test_every_expression_is_promql(tmp_path: Path) -> None:
    """Prometheus' own parser takes them all; and a broken one it does not."""
    found = [target["expr"] for path in FILES for panel in panels(path) for target in panel["targets"]]
    rules = [{"record": f"panel:of:n{n}", "expr": filled_in(expr)} for n, expr in enumerate(found)]
    path = tmp_path / "rules.yaml"
    for more, code in (
        ([], 0),
        ([{"record": "panel:of:broken", "expr": "sum(rate(tactful_events_total[5s])"}], 1),
    ):
        path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules + more}]}))
        said = subprocess.run(
            [have(promtool), "check", "rules", path], capture_output=True, text=True, check=False
        )
        assert said.returncode == code, said.stderr


def test_every_metric_stands_on_a_dashboard() -> None:
    """What is worth counting is worth looking at."""
    shown = " ".join(path.read_text() for path in FILES)
    assert [metric.name for metric in (*METRICS, *DELIVERY) if metric.name not in shown] == []


@every_file
def test_the_picture_in_the_documentation_is_of_this_dashboard(path: Path) -> None:
    """It shows each panel by its title: `python -m tests.prometheus.pictures` draws it anew."""
    picture = (PICTURES / f"dashboard-{path.stem}.svg").read_text()
    shown = [unescape(found) for found in re.findall(r">([^<>]+)</text>", picture)]
    assert [panel["title"] for panel in panels(path) if panel["title"] not in shown] == []
