"""The compose file: what the tool that runs it says of it, and what it opens and leaves open."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from ruamel.yaml import YAML

from app.deliver.posting import Hook
from app.deliver.signing import secret_of
from app.policy_file import load_policy
from app.settings import OF_COMMANDS, Settings
from tests.facts.deliver.nudging import NOON, SECRET, nudge
from tests.ports import free_port
from tests.tools import have
from tests.tools.compose import compose
from topics.decode import decode
from topics.record import Record

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
LOCAL = ROOT / "helm" / "local"
OURS = {"topics", "worker", "console", "people", "delivery", "phone"}

yaml = YAML(typ="safe", pure=True)
SERVICES: Mapping[str, Any] = yaml.load(FILE)["services"]


def checked(text: str, at: Path) -> subprocess.CompletedProcess[str]:
    path = at / "docker-compose.yml"
    path.write_text(text)
    return subprocess.run(
        [*have(compose), "--project-directory", str(ROOT), "-f", str(path), "config", "-q"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_file_is_taken(tmp_path: Path) -> None:
    """By the tool that would run it."""
    done = checked(FILE.read_text(), tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("right", "broken"),
    [
        ("  read_only: true\n", "  readonly: true\n"),
        ("kafka: {condition: service_healthy}", "kafkaa: {condition: service_healthy}"),
        ('command: ["worker"]', "command: {worker: now}"),
        ('ports: ["127.0.0.1:8080:8080"]', 'ports: "127.0.0.1:8080:8080"'),
        ("interval: 5s", "interval: [5s]"),
        ('KAFKA_NODE_ID: "1"', "KAFKA_NODE_ID: ${NOT_SET:?it lacks}"),
        ("  grafana:\n    <<", "  grafana\n    <<"),
    ],
)
def test_a_broken_file_is_refused(right: str, broken: str, tmp_path: Path) -> None:
    """An unknown key, a service that is not there, a value of another type, a variable that lacks, no YAML."""
    if right not in FILE.read_text():
        pytest.fail(f"the file no longer has {right!r}: break it in another place")
    assert checked(FILE.read_text().replace(right, broken, 1), tmp_path).returncode != 0


def test_whoever_is_waited_for_can_be_waited_for() -> None:
    """Who has to be healthy has a check, who has to end does not go on, and all are there."""
    for name, service in SERVICES.items():
        for other, wanted in service.get("depends_on", {}).items():
            there = SERVICES[other]
            if wanted["condition"] == "service_healthy":
                assert "test" in there["healthcheck"], (name, other)
            else:
                assert wanted["condition"] == "service_completed_successfully"
                assert "restart" not in there, (name, other)


def test_everything_is_for_this_machine_alone() -> None:
    """Each port is bound to the loopback."""
    for name, service in SERVICES.items():
        for port in service.get("ports", ()):
            assert re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port), name


def test_services_may_do_little() -> None:
    """No capability and no new privilege for any, and no writable root but for the broker, which says why."""
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.get("read_only", False) is (name != "kafka"), name
        assert "healthcheck" in service, name


def test_images_are_pinned() -> None:
    """Others' by a version; ours is built here."""
    for name, service in SERVICES.items():
        if name in OURS:
            assert service["image"] == "tactful:local"
        else:
            assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"]), name
    assert SERVICES["topics"]["build"] == "."


def test_every_file_that_is_laid_in_is_there() -> None:
    """A path that is not there would become an empty folder."""
    mounted = [
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    ]
    assert len(mounted) >= 7
    assert [path for path in mounted if not (ROOT / path).exists()] == []


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Settings]:
    """The settings of one of our services."""

    def of(name: str) -> Settings:
        for variable, value in SERVICES[name]["environment"].items():
            monkeypatch.setenv(variable, str(value))
        return Settings()

    return of


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_is_a_setting(name: str, given: Callable[[str], Settings]) -> None:
    """What ours are told they take."""
    settings = given(name)
    known = {f"TACTFUL_{field.upper()}" for field in Settings.model_fields} | OF_COMMANDS
    assert {variable.split("__")[0] for variable in SERVICES[name]["environment"]} <= known
    assert str(settings.state_dir) == "/var/lib/tactful"


def test_the_policy_is_one() -> None:
    """The worker and the console would begin with it."""
    assert load_policy(LOCAL / "policy.yaml").min_gap.total_seconds() == 60


def test_the_people_live() -> None:
    """What the script prints are events, every one understood."""
    printed = subprocess.run(
        [sys.executable, LOCAL / "people.py"], capture_output=True, text=True, check=True
    ).stdout
    events = [json.loads(line) for line in printed.splitlines()]
    assert {event["type"] for event in events} == {
        "consent.changed", "message.received", "intent.requested", "intent.revoked"
    }  # fmt: skip
    for n, event in enumerate(events):
        value = json.dumps(event).encode()
        record = Record("user-events", 0, n, event["user_id"].encode(), value, 1_800_000_000_000, ())
        assert type(decode(record, agents=frozenset({"follow_up"}))).__name__ == "Event", event


async def test_the_phone_takes_what_is_signed(tmp_path: Path) -> None:
    """Its own check of a signature is a third one; it is away now and then, and reactions are events of theirs."""
    port = free_port()
    program = (LOCAL / "phone.py").read_text().replace("PORT = 8090", f"PORT = {port}")
    copy = tmp_path / "phone.py"
    copy.write_text(program)
    secret = SERVICES["phone"]["environment"]["TACTFUL_WEBHOOK_SECRET"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, copy, env=os.environ | {"TACTFUL_WEBHOOK_SECRET": secret}
    )
    try:
        async with aiohttp.ClientSession() as session:
            right = Hook(session, f"http://127.0.0.1:{port}/", secret_of(secret), within_s=5)
            wrong = Hook(session, f"http://127.0.0.1:{port}/", secret_of(SECRET), within_s=5)
            async with asyncio.timeout(20):
                while (await wrong.post(nudge("a"), NOON, within_s=5)).reason == "unreachable":  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.05)
            assert (await wrong.post(nudge("a"), NOON, within_s=5)).reason == "status 401"
            answers = {(await right.post(nudge(str(n)), NOON, within_s=5)).kind for n in range(100)}
            assert answers == {"accepted", "refused"}
    finally:
        process.kill()
        await process.wait()


def test_prometheus_has_the_alerts_and_grafana_the_dashboards() -> None:
    """Each is told where the chart's own files are laid."""
    prometheus = yaml.load(LOCAL / "prometheus.yml")
    assert prometheus["rule_files"] == ["/etc/prometheus/alerts/*.yaml"]
    assert "./helm/alerts:/etc/prometheus/alerts:ro" in SERVICES["prometheus"]["volumes"]
    (job,) = prometheus["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["worker:8080", "delivery:8082"]}]
    (provider,) = yaml.load(LOCAL / "grafana-dashboards.yaml")["providers"]
    assert f"./helm/dashboards:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]
    (source,) = yaml.load(LOCAL / "grafana-datasource.yaml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert Path(home).parent == Path(provider["options"]["path"])
