"""The chart renders for several sets of values, and the schemas of all that is rendered find nothing wrong."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.chart import CHART, VALUES, Schemas, of_kind, rendered, run
from tests.tools.kubernetes import NEWEST, OLDEST

SETS = [pytest.param((), id="defaults"), *(pytest.param((path,), id=path.stem) for path in VALUES)]
RESOURCES = {
    "ConfigMap", "Job", "KafkaTopic", "KafkaUser", "NetworkPolicy", "Pod", "PodDisruptionBudget", "PrometheusRule",
    "ScaledObject", "Service", "ServiceAccount", "ServiceMonitor", "StatefulSet", "TriggerAuthentication",
}  # fmt: skip
"""Everything that the chart can make."""


@cache
def schemas(version: str) -> Schemas:
    return Schemas(version)


@cache
def one_of_each() -> dict[str, dict[str, Any]]:
    """One resource of each kind and version that any of the sets brings."""
    all_of_them = [one for values in VALUES for one in rendered(values)]
    return {f"{one['apiVersion']} {one['kind']}": one for one in all_of_them}


@pytest.mark.parametrize("values", SETS)
def test_helm_finds_nothing_to_say(values: tuple[Path, ...]) -> None:
    """`helm lint --strict` passes."""
    files = [part for path in values for part in ("--values", path)]
    done = run("lint", "--strict", CHART, *files)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("values", SETS)
def test_what_is_rendered_fits_the_schemas(values: tuple[Path, ...], version: str) -> None:
    """Every resource has a schema, for the oldest and the newest Kubernetes, and fits it; none is passed over."""
    resources = rendered(*values)
    assert len(resources) >= 4
    problems = {
        f"{one['kind']} {one['metadata']['name']}": found
        for one in resources
        if (found := schemas(version).problems(one))
    }
    assert problems == {}


def test_the_sets_bring_everything_that_the_chart_can_make() -> None:
    """No template stays unrendered, so that none stays unchecked."""
    kinds = {name.split()[1] for name in one_of_each()}
    assert kinds == RESOURCES
    assert {"kafka.strimzi.io/v1 KafkaUser", "kafka.strimzi.io/v1beta2 KafkaUser"} <= set(one_of_each())


def test_an_unknown_field_is_found_in_every_kind() -> None:
    """The schemas are closed: a misspelt field is no field, whatever it stands in."""
    for name, one in one_of_each().items():
        broken = deepcopy(one)
        broken.get("spec", broken)["bogusField"] = True
        found = schemas(NEWEST).problems(broken)
        assert any("bogusField" in problem for problem in found), name


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("StatefulSet", ("spec", "revisionHistoryLimit"), "5"),
        ("StatefulSet", ("spec", "template", "spec", "terminationGracePeriodSeconds"), "33s"),
        ("StatefulSet", ("spec", "template", "spec", "containers", 0, "ports", 0, "containerPort"), "http"),
        ("StatefulSet", ("spec", "template", "spec", "containers", 0, "env"), {"TACTFUL_LOG": "kafka://x:1"}),
        ("Service", ("spec", "ports", 0, "port"), "8080"),
        ("Job", ("spec", "backoffLimit"), "six"),
        ("NetworkPolicy", ("spec", "egress", 0, "ports", 0, "port"), [53]),
        ("PodDisruptionBudget", ("spec", "selector"), "all"),
        ("KafkaTopic", ("spec", "partitions"), "12"),
        ("KafkaTopic", ("spec", "config"), ["retention.ms"]),
        ("KafkaUser", ("spec", "authorization", "acls", 0, "operations"), ["Look"]),
        ("KafkaUser", ("spec", "authorization", "acls", 0, "resource", "patternType"), "suffix"),
        ("ServiceMonitor", ("spec", "endpoints", 0, "interval"), "often"),
        ("PrometheusRule", ("spec", "groups"), "all of them"),
        ("ScaledObject", ("spec", "maxReplicaCount"), "many"),
        ("TriggerAuthentication", ("spec", "secretTargetRef"), "a secret"),
    ],
)
def test_a_wrong_value_is_found(kind: str, path: tuple[str | int, ...], value: Any) -> None:
    """A value of another type, or none of those allowed, is found at its place."""
    one = next(one for name, one in one_of_each().items() if name.endswith(f" {kind}"))
    assert schemas(NEWEST).problems(one) == []
    broken = deepcopy(one)
    *outer, last = path
    at: Any = broken
    for step in outer:
        at = at[step]
    assert last in at
    at[last] = value
    assert schemas(NEWEST).problems(broken) != []


def test_a_kind_without_a_schema_is_a_problem() -> None:
    """What cannot be checked does not pass."""
    assert schemas(NEWEST).problems({"apiVersion": "example.org/v1", "kind": "Thing"}) == [
        "there is no schema thing-example-v1"
    ]


def test_every_alert_and_dashboard_is_installed() -> None:
    """One PrometheusRule for each file of alerts, and one ConfigMap for each dashboard, word for word."""
    resources = rendered(next(path for path in VALUES if path.stem == "everything"))
    alerts, boards = sorted((CHART / "alerts").glob("*.yaml")), sorted((CHART / "dashboards").glob("*.json"))
    assert len(of_kind(resources, "PrometheusRule")) == len(alerts)
    held = [one["data"] for one in of_kind(resources, "ConfigMap") if "policy.yaml" not in one["data"]]
    assert held == [{path.name: path.read_text()} for path in boards]


def test_each_alert_leads_to_its_paragraph_where_the_runbook_is_published() -> None:
    """The address of the values and the alert's name; without one, the page's path in the repository."""
    everything = next(path for path in VALUES if path.stem == "everything")
    for more, runbook in (
        ({}, "https://docs.example.org/tactful/runbook"),
        ({"monitoring.rules.runbook": "app/docs/runbook.md"}, "app/docs/runbook.md"),
    ):
        found = {
            rule["alert"]: rule["annotations"]["runbook_url"]
            for one in of_kind(rendered(everything, **more), "PrometheusRule")
            for group in one["spec"]["groups"]
            for rule in group["rules"]
            if "alert" in rule
        }
        assert len(found) > 20
        assert found == {name: f"{runbook}#{name.lower()}" for name in found}
