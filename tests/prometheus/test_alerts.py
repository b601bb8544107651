"""The alerts: rules that Prometheus takes; each calls when it should, is quiet otherwise, and has its paragraph."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.metric_list import DELIVERY, METRICS
from app.yaml12 import load
from tests.tools import have
from tests.tools.prometheus import promtool

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "helm" / "alerts").glob("*.yaml"))
CASES = sorted((ROOT / "tests" / "alerts").glob("*.yaml"))
SEVERITIES = {"critical", "warning"}


def said(*arguments: object) -> subprocess.CompletedProcess[str]:
    """What promtool says."""
    command = [str(have(promtool)), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rules() -> Iterator[dict[str, Any]]:
    """Every rule of every file."""
    for path in RULES:
        document: Any = load(path.read_text())
        for group in document["groups"]:
            yield from group["rules"]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}


def test_prometheus_takes_the_rules() -> None:
    """Also its linter; and it refuses one that is broken."""
    found = said("check", "rules", "--lint=all", "--lint-fatal", *RULES)
    assert found.returncode == 0, found.stdout + found.stderr


def test_each_alert_calls_when_it_should_and_is_quiet_otherwise() -> None:
    """Every case of tests/alerts holds."""
    found = said("test", "rules", *CASES)
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_rule_that_never_calls_is_found(tmp_path: Path) -> None:
    """The cases are able to fail: with another bound in one rule they do."""
    (tmp_path / "helm" / "alerts").mkdir(parents=True)
    (tmp_path / "tests" / "alerts").mkdir(parents=True)
    for path in (*RULES, *CASES):
        text = path.read_text().replace('{stage="readable"} > 120', '{stage="readable"} > 1200')
        (tmp_path / path.relative_to(ROOT)).write_text(text)
    found = said("test", "rules", tmp_path / "tests" / "alerts" / "promises.yaml")
    assert found.returncode != 0
    assert "TactfulHeartbeatLate" in found.stdout + found.stderr


def test_each_alert_is_tried_in_both_directions() -> None:
    """There is a case in which it calls, and one in which it does not."""
    calls: dict[str, set[bool]] = {name: set() for name in ALERTS}
    for path in CASES:
        document: Any = load(path.read_text())
        for test in document["tests"]:
            for one in test["alert_rule_test"]:
                calls[one["alertname"]].add(bool(one["exp_alerts"]))
    assert [name for name, seen in calls.items() if seen != {True, False}] == []


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_says_what_is_wrong_and_where_its_paragraph_stands(name: str) -> None:
    """Severity, summary, description, and a link to a heading that there is, with something below it."""
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in SEVERITIES
    notes = rule["annotations"]
    assert set(notes) == {"summary", "description", "runbook_url"}
    path, _, anchor = notes["runbook_url"].partition("#")
    assert anchor == name.lower()
    paragraphs = re.split(r"^#+ ", (ROOT / path).read_text(), flags=re.MULTILINE)
    (paragraph,) = [one for one in paragraphs if one.partition("\n")[0] == name]
    assert len(paragraph) > 200


def test_the_runbook_has_no_paragraph_of_an_alert_that_is_gone() -> None:
    """Each heading with an alert's name is one."""
    text = (ROOT / "app" / "docs" / "runbook.md").read_text()
    assert set(re.findall(r"^### (\w+)$", text, re.MULTILINE)) == set(ALERTS)
    assert set(re.findall(r"\(#(tactful\w+)\)", text)) <= {name.lower() for name in ALERTS}


def test_what_rules_ask_for_exists() -> None:
    """Each metric is in the list, with the labels by which it is chosen."""
    listed = {metric.name: set(metric.labels) for metric in (*METRICS, *DELIVERY)}
    for rule in rules():
        for name, _, chosen in re.findall(r"(?<!:)\b(tactful_\w+)(\{([^}]*)\})?", rule["expr"]):
            assert name in listed, name
            assert set(re.findall(r"(\w+)\s*[=!]~?=?\s*\"", chosen)) <= listed[name], rule["expr"]
