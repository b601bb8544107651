"""A worker is put together from settings, or it is said what is wrong with them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.deployment import connection, deciding
from app.settings import Settings, SettingsError
from app.wiring import wired
from tests.facts.http.at_home import at_home, event, settings


def test_the_agents_of_the_policy_must_be_there(tmp_path: Path) -> None:
    """A misspelt name would change nothing, silently."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("agents: {folow_up: {priority: 1}}")
    with pytest.raises(SettingsError, match=r"agents\.folow_up: there is no such agent; there are follow_up"):
        deciding(Settings(policy=policy))


def test_an_agent_that_cannot_be_loaded_names_its_variable() -> None:
    """And what to mend."""
    with pytest.raises(SettingsError, match=r"TACTFUL_AGENTS: no\.such\.agents:one: No module named 'no'"):
        deciding(Settings(agents=("no.such.agents:one",)))


def test_everything_that_reaches_the_brokers_comes_from_the_settings(tmp_path: Path) -> None:
    """Servers, prefix and credentials; a password is read only here."""
    ca = tmp_path / "ca.pem"
    ca.touch()
    values: dict[str, Any] = {
        "log": "kafka://one:9092,two:9092",
        "topic_prefix": "eu-",
        "kafka": {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": "worker",
            "sasl_password": SecretStr("p"),
            "ssl_cafile": ca,
        },
    }
    made = connection(Settings(**values))
    assert (made.bootstrap, made.prefix, made.security_protocol) == ("one:9092,two:9092", "eu-", "SASL_SSL")
    assert (made.sasl_username, made.sasl_password, made.ca_file) == ("worker", "p", str(ca))


def test_without_brokers_there_is_no_connection(tmp_path: Path) -> None:
    """Who needs them says which variable names them."""
    with pytest.raises(SettingsError, match="TACTFUL_LOG: this needs brokers"):
        connection(settings(tmp_path))


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "cannot be read"), ("model: 5", "cannot be read"), ("model: [{ask: nothing}]", "ask: ")],
    ids=["no file", "no list", "no rule"],
)
async def test_a_script_that_cannot_be_used_names_its_variable(
    tmp_path: Path, text: str | None, said: str
) -> None:
    """Before anything has begun."""
    story = tmp_path / "story.yaml"
    if text is not None:
        story.write_text(text)
    values: dict[str, Any] = {
        "log": f"embedded:{tmp_path}",
        "model": {"backend": "scripted", "script": story},
    }
    with pytest.raises(SettingsError, match=rf"TACTFUL_MODEL__SCRIPT: .*story\.yaml.*{said}"):
        async with wired(Settings(**values)):
            pass


async def test_memory_is_for_stories() -> None:
    """A worker's log must outlive it."""
    with pytest.raises(SettingsError, match="memory: is for stories"):
        async with wired(settings(Path(), log="memory:")):
            pass


async def test_a_worker_asks_the_scripted_model_over_the_wire(tmp_path: Path) -> None:
    """The real client and the server that is not for production: a plan that is due becomes its nudge."""
    policy = tmp_path / "policy.yaml"
    policy.write_text('quiet_hours: {start: "00:00", end: "00:00"}\ncatch_up: {late_by: 9999d}')
    data = {"agent": "follow_up", "subject": "the thesis", "due_at": "2020-01-01T00:00:00Z"}
    data["expires_at"] = "2099-01-01T00:00:00Z"
    async with at_home(tmp_path / "log", model="scripted", policy=policy) as house:
        await house.post(event("consent.changed", data={"agent": "*", "granted": True}))
        await house.post(event("intent.requested", id="2", data=data))
        while not house.records("nudges"):  # noqa: ASYNC110 - it is read as a delivery service reads
            await asyncio.sleep(0.01)
        [nudge] = house.records("nudges")
        text, written_by = (json.loads(nudge.value or b"")[name] for name in ("text", "written_by"))
        assert (text, written_by) == ("I was thinking of the thesis. How is it going?", "model")
        page = (await house.get("/metrics")).body
        assert 'tactful_model_calls_total{result="answered",task="compose"} 1.0' in page
