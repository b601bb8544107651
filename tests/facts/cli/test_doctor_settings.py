"""Faults of settings, policy and agents: each is made real, and found by its name."""

from __future__ import annotations

import pytest

from tests.facts.cli.faulty import doctor, named
from tests.facts.cli.terminal import Terminal

OF_SETTINGS: dict[str, dict[str, str]] = {
    "setting_wrong": {"TACTFUL_LOG": "kafka:localhost"},
    "setting_unknown": {"TACTFUL_TOPICPREFIX": "x"},
    "secret_unreadable": {"TACTFUL_HTTP__TOKEN_FILE": "nowhere"},
    "certificate_missing": {"TACTFUL_KAFKA__SSL_CAFILE": "nowhere.pem"},
    "log_in_memory": {"TACTFUL_LOG": "memory:"},
    "http_open": {"TACTFUL_HTTP": "0.0.0.0:1"},
    "policy_unreadable": {"TACTFUL_POLICY": "nowhere.yaml"},
    "agent_not_found": {"TACTFUL_AGENTS": "nowhere:agent"},
    "agent_unfit": {"TACTFUL_AGENTS": "math:pi"},
}


@pytest.mark.parametrize("name", OF_SETTINGS)
def test_a_setting_that_is_wrong_is_found(terminal: Terminal, name: str) -> None:
    """By its name, with why it matters and what to do."""
    assert next(iter(named(doctor(terminal, **OF_SETTINGS[name])))) == name


OF_POLICIES: dict[str, str] = {
    "policy_unreadable": "quiet_hours: {start: [",
    "policy_unknown_key": "quiet_hour: {}",
    "policy_unknown_agent": "agents: {folow_up: {priority: 1}}",
    "quiet_hours_none": 'quiet_hours: {start: "00:00", end: "00:00"}',
    "caps_nothing": "caps: {per_day: 0}",
    "holdout_everybody": "holdout: {share: 1.0, salt: spring}",
    "holdout_unsalted": "holdout: {share: 0.1}",
    "agent_shadows": "agents: {digest: {mode: shadow}}",
    "budget_nothing": "budget: {calls_per_minute: 0}",
}


@pytest.mark.parametrize("name", OF_POLICIES)
def test_a_policy_that_is_wrong_or_silent_is_found(terminal: Terminal, name: str) -> None:
    """Also one that a worker would start with, and by which nobody is ever written to."""
    (terminal.folder / "policy.yaml").write_text(OF_POLICIES[name])
    found = named(doctor(terminal, TACTFUL_POLICY="policy.yaml"))
    assert next(iter(found)) == name, found


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("min_gap: 4 hours", "'4 hours' is no length of time: write it like 90s, 15m, 4h or 7d"),
        ('quiet_hours: {start: "9pm"}', "is no time of day"),
        ("default_timezone: Europe/Madird", "is no IANA time zone"),
        ("holdout: {share: 5}", "holdout.share"),
    ],
)
def test_a_value_of_the_policy_is_told_as_it_should_be(terminal: Terminal, line: str, says: str) -> None:
    """The line names the file and the field, and how to write it."""
    (terminal.folder / "policy.yaml").write_text(line)
    (found,) = named(doctor(terminal, TACTFUL_POLICY="policy.yaml"))["policy_wrong"]
    assert says in found["says"]
    assert found["says"].startswith("policy.yaml: ")
