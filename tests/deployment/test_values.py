"""Values that cannot work are refused before anything is rendered, with what to change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.deployment.chart import CHART, RefusedError, rendered, run

GOOD_AND_BAD = [
    ("worker.replicas", 3, "three", "worker.replicas: Invalid type"),
    ("worker.replicas", 3, -1, "worker.replicas: Must be greater than or equal to 0"),
    ("worker.replicas", 12, 13, "worker.replicas is 13, and topics.partitions 12"),
    ("worker.drainSeconds", 30, 0, "worker.drainSeconds"),
    ("worker.persistence.size", "5Gi", "large", "worker.persistence.size: Does not match pattern"),
    ("worker.resources.limits.memory", "2Gi", "2 GB", "worker.resources.limits.memory"),
    ("worker.env", [{"name": "TACTFUL_HTTP"}], [{"value": "1"}], "name is required"),
    ("worker.http.tokenSecret.name", "token", "Token_1", "worker.http.tokenSecret.name"),
    ("kafka.bootstrap", "kafka:9092", "kafka", "kafka.bootstrap: Does not match pattern"),
    ("kafka.bootstrap", "a:1,b:2", "kafka://a:9092", "kafka.bootstrap: Does not match pattern"),
    ("kafka.topicPrefix", "prod.", "prod/", "kafka.topicPrefix"),
    ("kafka.securityProtocol", "SSL", "TLS", "kafka.securityProtocol must be one of"),
    ("kafka.securityProtocol", "PLAINTEXT", "SASL_SSL", "by kafka.user.username and kafka.user.passwordSecret.name"),
    ("kafka.sessionTimeout", "45s", "45", "kafka.sessionTimeout"),
    ("kafka.password", None, "secret", "Additional property password is not allowed"),
    ("model.backend", "none", "openai", "model.backend must be one of"),
    ("model.apiKeySecret.name", "model", "", "model.apiKeySecret.name: String length must be greater"),
    ("model.apiKey", None, "sk-1", "Additional property apiKey is not allowed"),
    ("topics.create", "none", "yes", "topics.create must be one of"),
    ("topics.create", "none", "strimzi", "strimzi.cluster lacks"),
    ("topics.partitions", 3, 2, "worker.replicas is 3, and topics.partitions 2"),
    ("topics.replication", 3, 0, "topics.replication"),
    ("image.digest", "sha256:" + "0" * 64, "latest", "image.digest"),
    ("agents", ["ours.a:b"], ["ours/a.py"], "agents.0: Does not match pattern"),
    ("keda.enabled", False, "yes", "keda.enabled: Invalid type"),
    ("keda", {"enabled": True, "maxReplicas": 12}, {"enabled": True, "maxReplicas": 13}, "keda.maxReplicas is 13"),
    ("keda", {"enabled": True, "minReplicas": 6}, {"enabled": True, "minReplicas": 7}, "keda.minReplicas is above"),
    ("strimzi.users.more", [{"name": "a", "role": "data"}], [{"name": "a", "role": "root"}], "role must be one of"),
    ("monitoring.serviceMonitor.interval", "30s", "half a minute", "monitoring.serviceMonitor.interval"),
    ("delivery", {"enabled": True, "webhook": "https://a.example"}, {"enabled": True}, "say where nudges are posted"),
    ("delivery.webhook", "https://a.example/hook", "a.example/hook", "delivery.webhook: Does not match pattern"),
    ("delivery.webhook", "https://a.example/hook", "https://me:pw@a.example", "delivery.webhook: Does not match"),
    ("podDisruptionBudget.maxUnavailable", "50%", "half", "podDisruptionBudget.maxUnavailable"),
    ("console.http.tokenSecret.name", "pages", "", "the console tells of everybody"),
    ("console.replicas", 2, 0.5, "console.replicas"),
    ("monitoring.rules.runbook", "https://docs.example/run", "docs/run#", "monitoring.rules.runbook"),
    ("console.keep", "72h", "forever", "console.keep"),
    ("logLevel", "DEBUG", "TRACE", "logLevel must be one of"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "good", "bad", "says"), GOOD_AND_BAD)
def test_what_cannot_work_is_refused(key: str, good: Any, bad: Any, says: str) -> None:
    """The bad value is refused with its place; the good one in the same place is not."""
    if good is not None:
        assert rendered(**{key: good})
    with pytest.raises(RefusedError) as refused:
        rendered(**{key: bad})
    assert says in str(refused.value)


def test_messages_that_others_could_read_on_the_way_are_refused() -> None:
    """Http wants a word of its own, and posts want a signature."""
    given = {"delivery.enabled": True, "delivery.webhook": "http://push.people/hook"}
    assert rendered(**given, **{"delivery.allowHttp": True})
    with pytest.raises(RefusedError, match="can be read on the way"):
        rendered(**given)
    with pytest.raises(RefusedError, match=r"by delivery\.secret\.name"):
        rendered(**given, **{"delivery.allowHttp": True, "delivery.secret.name": ""})


def test_consoles_that_would_refuse_each_others_forms_are_refused() -> None:
    """Two behind a proxy without a token want a secret for their sessions; one of them, or with it, does not."""
    proxied = {"console.http.tokenSecret.name": "", "console.http.userHeader": "X-User"}
    assert rendered(**proxied, **{"console.replicas": 1})
    assert rendered(**proxied, **{"console.replicas": 2, "console.http.sessionSecret.name": "sessions"})
    with pytest.raises(RefusedError, match=r"name a Secret by console\.http\.sessionSecret\.name"):
        rendered(**proxied, **{"console.replicas": 2})


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"users": {"enabled": True}}, "topics.create is job"),
        ({"users": {"enabled": True}, "create": "none"}, "strimzi.cluster lacks"),
        (
            {"users": {"enabled": True}, "create": "none", "cluster": "c"},
            "kafka.securityProtocol has to be SASL_SSL",
        ),
        (
            {"users": {"enabled": True, "authentication": "tls"}, "create": "none", "cluster": "c"},
            "kafka.securityProtocol has to be SSL",
        ),
        (
            {"users": {"enabled": True}, "create": "none", "cluster": "c", "namespace": "kafka"},
            "install the release there",
        ),
    ],
)
def test_strimzis_users_need_what_fits_them(values: dict[str, Any], says: str) -> None:
    """A release whose user would never come, or whose Secret no pod could read, is refused."""
    create = values.pop("create", "job")
    given = {f"strimzi.{key}": value for key, value in values.items()}
    with pytest.raises(RefusedError) as refused:
        rendered(**{"topics.create": create, **given})
    assert says in str(refused.value)


def _keys(values: dict[str, Any], at: str = "") -> set[str]:
    return {f"{at}{key}" for key in values} | {
        name
        for key, value in values.items()
        if isinstance(value, dict)
        for name in _keys(value, f"{at}{key}.")
    }


def _described(schema: dict[str, Any], definitions: dict[str, Any], at: str = "") -> set[str]:
    names = set()
    for key, inner in schema.get("properties", {}).items():
        if "$ref" in inner:
            described = definitions[inner["$ref"].removeprefix("#/definitions/")]
        else:
            described = next((one for one in inner.get("anyOf", ()) if "properties" in one), inner)
        names |= {f"{at}{key}"} | _described(described, definitions, f"{at}{key}.")
    return names


def test_every_value_is_described_and_every_description_has_a_value() -> None:
    """What may be set stands in values.yaml with its default, but for the parts' own users, which are empty."""
    shown = run("show", "values", CHART)
    values = json.loads(json.dumps(_loaded(shown.stdout)))
    schema = json.loads((CHART / "values.schema.json").read_text())
    described = _described(schema, schema["definitions"])
    free = ("podLabels.", "labels.", "resources.")  # maps whose keys are everybody's own
    assert {key for key in _keys(values) if not any(part in f"{key}" for part in free)} <= described
    left_out = ("worker.user.", "topics.user.", "console.user.", "delivery.user.", "global")
    lacking = described - _keys(values)
    assert {key for key in lacking if not key.startswith(left_out)} == set()


def _loaded(text: str) -> Any:

    return YAML(typ="safe", pure=True).load(text)
