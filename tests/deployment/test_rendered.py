"""What is rendered means what it should: settings that the worker takes, least rights, room to drain, safe pods."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.deliver import app as deliver
from app.cli.serving import LEAVING_S
from app.policy_file import load_policy
from app.settings import KafkaAddress, Settings, load_settings, unknown_variables
from tests.deployment.chart import CHART, VALUES, Rendered, named, of_kind, pods, rendered
from tests.deployment.contract import IN_STRIMZI, WRITTEN, text
from topics import TOPICS
from topics.rights import CONSOLE_GROUP, ROLES

BY_NAME = {path.stem: path for path in VALUES}
SETS = [pytest.param((), id="defaults"), *(pytest.param((path,), id=path.stem) for path in VALUES)]
WATCHED = Path(__file__).parents[2] / "app" / "deliver" / "watched.py"
SERVER = (Path(__file__).parents[2] / "app" / "http" / "server.py").read_text()


def worker(resources: Rendered) -> dict[str, Any]:
    """The one container of the workers' pods."""
    (stateful,) = (one for one in of_kind(resources, "StatefulSet") if "worker" in one["metadata"]["name"])
    (container,) = stateful["spec"]["template"]["spec"]["containers"]
    return dict(container)


def files_of(pod: Mapping[str, Any], container: Mapping[str, Any], resources: Rendered) -> dict[str, str]:
    """What lies where in a container, by Secret or ConfigMap."""
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    found: dict[str, str] = {}
    for mount in container["volumeMounts"]:
        volume = volumes.get(mount["name"], {})  # a claim of the stateful set holds no file of ours
        for item in volume.get("secret", {}).get("items", ()):
            found[f"{mount['mountPath']}/{item['path']}"] = f"{volume['secret']['secretName']} {item['key']}"
        if "configMap" in volume:
            data = named(resources, "ConfigMap", volume["configMap"]["name"])["data"]
            found |= {f"{mount['mountPath']}/{key}": value for key, value in data.items()}
    return found


def settings(
    values: tuple[Path, ...], container: Mapping[str, Any], files: Mapping[str, str], at: Path
) -> Settings:
    """The settings that a container begins with, its files laid below a folder of the test's own."""
    for path, content in files.items():
        (at / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (at / path[1:]).write_text(content)
    for name in [name for name in os.environ if name.startswith("TACTFUL_")]:
        del os.environ[name]
    for one in container["env"]:
        value = one.get("value", "from-kubernetes").replace("$(POD_NAME)", "it-0")
        os.environ[one["name"]] = f"{at}{value}" if value in files else value
    assert unknown_variables() == [], values
    return load_settings()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's own variables, put back afterwards."""
    monkeypatch.setattr(os, "environ", dict(os.environ))


@pytest.mark.parametrize("values", SETS)
@pytest.mark.usefixtures("environment")
def test_every_variable_is_a_setting(values: tuple[Path, ...], tmp_path: Path) -> None:
    """A container with variables of ours begins: all are known, they fit, and each file that they name is there."""
    resources = rendered(*values)
    begun = []
    for name, pod in pods(resources):
        for container in pod["containers"]:
            if any(one["name"].startswith("TACTFUL_") for one in container.get("env", ())):
                files = files_of(pod, container, resources)
                given = settings(values, container, files, tmp_path / container["name"])
                assert isinstance(given.log, KafkaAddress), name
                begun.append(container["name"])
    assert {"worker", "doctor"} <= set(begun)
    assert ("delivery" in begun) == (values in {(BY_NAME["everything"],), (BY_NAME["strimzi"],)})
    assert ("console" in begun) == (values != (BY_NAME["smallest"],))


@pytest.mark.usefixtures("environment")
def test_what_is_set_arrives(tmp_path: Path) -> None:
    """From values to settings, for the worker that has everything."""
    values = (BY_NAME["everything"],)
    resources = rendered(*values)
    pod = dict(pods(resources))["StatefulSet it-tactful-worker"]
    files = files_of(pod, worker(resources), resources)
    given = settings(values, worker(resources), files, tmp_path)
    assert given.topic_prefix == "prod."
    assert given.group == "tactful-prod"
    assert given.agents == ("ours.reminders:agent", "ours.birthdays:agent")
    assert given.kafka.instance == "from-kubernetes"
    assert given.kafka.sasl_username == "tactful-worker"
    assert given.kafka.sasl_password is not None
    assert given.kafka.sasl_password.get_secret_value() == "kafka-worker password"
    assert given.http.token is not None
    assert given.http.token.get_secret_value() == "events-token token"
    assert given.model.slots == 32
    assert given.drain_within.total_seconds() == 40
    policy = load_policy(given.policy)
    assert (policy.caps.per_day, policy.quiet_hours.start) == (1, "22:00")


@pytest.mark.usefixtures("environment")
def test_the_console_is_told_who_it_is_and_who_may_look(tmp_path: Path) -> None:
    """Its own user on the brokers, its token, the proxy's header, and the name by which other consoles reach it."""
    values = (BY_NAME["everything"],)
    resources = rendered(*values)
    pod = dict(pods(resources))["StatefulSet it-tactful-console"]
    (container,) = pod["containers"]
    given = settings(values, container, files_of(pod, container, resources), tmp_path)
    assert given.kafka.sasl_username == "tactful-console"
    assert given.console.token is not None
    assert given.console.session_secret is not None
    assert given.console.token.get_secret_value() == "tactful-console token"
    assert given.console.user_header == "X-Forwarded-User"
    assert given.console.url == "http://it-0.it-tactful-consoles.people:8081"
    assert load_policy(given.policy).caps.per_day == 1
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "pages"}
    assert f'"{given.console.listen}"' == '"0.0.0.0:8081"'


@pytest.mark.parametrize("values", ["everything", "strimzi"])
def test_the_delivery_service_takes_what_it_is_told(values: str) -> None:
    """Its arguments are options of `tactful deliver`, its secret is a file, its pages are where the probes ask."""
    resources = rendered(BY_NAME[values])
    pod = dict(pods(resources))["StatefulSet it-tactful-delivery"]
    (container,) = pod["containers"]
    command, *words = container["args"]
    assert command == "deliver"
    options = CliRunner().invoke(deliver, ["--help"]).output
    assert [word for word in words if word.partition("=")[0] not in options] == []
    given = dict(word.partition("=")[::2] for word in words)
    assert given["--listen"].endswith(f":{container['ports'][0]['containerPort']}")
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    assert any(given["--state"].startswith(f"{mount}/") for mount in mounts)
    assert given["--secret-file"] in files_of(pod, container, resources)
    assert named(resources, "StatefulSet", "it-tactful-delivery")["spec"]["replicas"] == 1
    watched = WATCHED.read_text()
    for kind in ("startup", "liveness", "readiness"):
        assert f'web.get("{container[f"{kind}Probe"]["httpGet"]["path"]}"' in watched


def test_each_part_is_somebody_of_its_own() -> None:
    """The job that makes topics comes with its own user, and the worker with its own."""
    resources = rendered(BY_NAME["everything"])
    (job,) = of_kind(resources, "Job")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    said = {one["name"]: one.get("value") for one in container["env"]}
    assert said["TACTFUL_KAFKA__SASL_USERNAME"] == "tactful-creator"
    files = files_of(job["spec"]["template"]["spec"], container, resources)
    assert files["/run/tactful/kafka-password/password"] == "kafka-creator secret"
    assert container["args"] == ["topics", "apply", "--partitions=24", "--replication=3"]


def test_the_pods_name_is_the_members_name() -> None:
    """Static membership: a worker that comes back within the session is the same member of the group."""
    (name,) = (one for one in worker(rendered())["env"] if one["name"] == "TACTFUL_KAFKA__INSTANCE")
    assert name["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}


@pytest.mark.parametrize("drain", [20, 40])
def test_there_is_time_to_drain(drain: int) -> None:
    """The pause before the signal, the drain and the leaving fit into the pod's grace, with time to spare."""
    resources = rendered(**{"worker.drainSeconds": drain})
    stateful = named(resources, "StatefulSet", "it-tactful-worker")
    pod = stateful["spec"]["template"]["spec"]
    command = worker(resources)["lifecycle"]["preStop"]["exec"]["command"]
    assert command[0] == "sleep"
    said = {one["name"]: one.get("value") for one in worker(resources)["env"]}
    assert said["TACTFUL_DRAIN_WITHIN"] == f"{drain}s"
    assert pod["terminationGracePeriodSeconds"] >= int(command[1]) + drain + LEAVING_S + 5


def test_the_probes_ask_for_pages_that_there_are() -> None:
    """Paths and port of the probes are the server's."""
    container = worker(rendered())
    assert container["ports"] == [{"name": "http", "containerPort": 8080}]
    asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {kind: get["path"] for kind, get in asked.items()} == {
        "startup": "/healthz",
        "liveness": "/healthz",
        "readiness": "/readyz",
    }
    assert all(get["port"] == "http" and f'web.get("{get["path"]}"' in SERVER for get in asked.values())


@pytest.mark.parametrize("values", SETS)
def test_pods_may_do_nothing(values: tuple[Path, ...]) -> None:
    """What Kubernetes calls restricted holds for every pod, and no pod has a token or a writable root."""
    for name, pod in pods(rendered(*values)):
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] == 10001, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "privileged": False,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert set(container["resources"]) == {"requests", "limits"}, name
            assert "memory" in container["resources"]["limits"], name


@pytest.mark.parametrize("values", SETS)
def test_secrets_are_named_and_never_written(values: tuple[Path, ...]) -> None:
    """There is no Secret in the chart, and each that is used is a reference."""
    resources = rendered(*values)
    assert of_kind(resources, "Secret") == []
    for _, pod in pods(resources):
        for container in pod["containers"]:
            for one in container.get("env", ()):
                assert "value" not in one or not one["name"].endswith(("PASSWORD", "TOKEN", "KEY")), one


@pytest.mark.parametrize("values", SETS)
def test_what_selects_finds_its_own_pods(values: tuple[Path, ...]) -> None:
    """Each service, budget and network policy selects the pods of one part, and of no other."""
    resources = rendered(*values)
    labels = {
        name: next(one for one in resources if f"{one['kind']} {one['metadata']['name']}" == name)
        for name, _ in pods(resources)
    }
    carried = {name: one["spec"].get("template", one)["metadata"]["labels"] for name, one in labels.items()}
    for one in resources:
        spec = one.get("spec", {})
        wanted = {
            "Service": spec.get("selector"),
            "PodDisruptionBudget": spec.get("selector", {}).get("matchLabels"),
            "NetworkPolicy": spec.get("podSelector", {}).get("matchLabels"),
            "StatefulSet": spec.get("selector", {}).get("matchLabels"),
        }.get(one["kind"])
        if wanted is not None:
            found = [name for name, has in carried.items() if wanted.items() <= has.items()]
            assert len(found) == 1, (one["kind"], one["metadata"]["name"], found)
            assert found[0].startswith("StatefulSet")


def test_the_contract_in_the_chart_is_the_contract() -> None:
    """helm/contract.json is what `python -m tests.deployment.contract` writes."""
    assert WRITTEN.read_text() == text()


@pytest.mark.parametrize(("values", "prefix"), [("strimzi", ""), ("strimzi_tls", "staging.")])
def test_strimzis_topics_are_ours(values: str, prefix: str) -> None:
    """Names, partitions and settings of the KafkaTopics are the contract's, which `topics check` asks of a broker."""
    found = {
        one["spec"]["topicName"]: (one["spec"]["partitions"], one["spec"]["config"])
        for one in of_kind(rendered(BY_NAME[values]), "KafkaTopic")
    }
    assert found == {f"{prefix}{topic.name}": (topic.partitions(12), topic.config) for topic in TOPICS}


@pytest.mark.parametrize(
    ("values", "prefix", "group"),
    [("strimzi", "", "tactful"), ("strimzi_tls", "staging.", "tactful-staging")],
)
def test_strimzis_users_have_the_least_rights(values: str, prefix: str, group: str) -> None:
    """Each KafkaUser may do exactly what its role needs, with this deployment's names."""
    users = of_kind(rendered(BY_NAME[values]), "KafkaUser")
    assert {"it-tactful-worker", "it-tactful-console"} <= {user["metadata"]["name"] for user in users}
    groups = {"worker": group, "console": f"{prefix}{CONSOLE_GROUP}"}
    for user in users:
        own = user["metadata"]["name"]
        role = ROLES[user["metadata"]["labels"]["app.kubernetes.io/component"]]
        granted = {
            (acl["resource"]["type"], acl["resource"]["name"], acl["resource"]["patternType"], operation)
            for acl in user["spec"]["authorization"]["acls"]
            for operation in acl["operations"]
        }
        assert granted == {
            (
                IN_STRIMZI[right.resource],
                right.name,
                "prefix" if right.prefixed else "literal",
                right.operation,
            )
            for right in role.on(prefix=prefix, group=groups.get(role.name, own))
        }, own


def test_the_chart_is_of_this_version() -> None:
    """The image that is taken by default is the one of the version that the chart lies beside."""
    project = tomllib.loads((CHART.parent / "pyproject.toml").read_text())["project"]
    assert worker(rendered())["image"] == f"tactful:{project['version']}"
    everything = worker(rendered(BY_NAME["everything"]))["image"]
    assert everything == f"registry.example/tactful@sha256:{'0' * 64}"
