"""Faults of the model: each is made real by somebody who answers so, and found by its name."""

from __future__ import annotations

import json

import pytest

from tests.facts.cli.faulty import answers, doctor, named
from tests.facts.cli.terminal import Terminal

TALKS = {"TACTFUL_MODEL": "anthropic", "ANTHROPIC_API_KEY": "a key"}


def refusal(status: int, kind: str) -> tuple[int, str, str]:
    error = {"type": "error", "error": {"type": kind, "message": "no"}}
    return status, "application/json", json.dumps(error)


OF_ANSWERS = {
    "model_key_refused": refusal(401, "authentication_error"),
    "model_unknown": refusal(404, "not_found_error"),
    "model_refuses": refusal(400, "invalid_request_error"),
    "model_other_format": (200, "text/html", "<html>a proxy's page</html>"),
    "model_fails": refusal(529, "overloaded_error"),
}


@pytest.mark.parametrize("name", OF_ANSWERS)
def test_a_model_that_does_not_answer_is_found(terminal: Terminal, name: str) -> None:
    """Told apart by what comes back when a question is really put; the key is shown nowhere."""
    with answers({"/v1/messages": OF_ANSWERS[name]}) as at:
        said = doctor(terminal, "--ask-model", **TALKS, ANTHROPIC_BASE_URL=f"http://{at}")
    assert name in named(said)
    assert "a key" not in said.out.replace("there is a key to sign in with", "").replace("valid key", "")


def test_a_right_key_for_the_wrong_model_is_told_by_its_status(terminal: Terminal) -> None:
    """403 is a matter of the key's rights, not of its spelling."""
    with answers({"/v1/messages": refusal(403, "permission_error")}) as at:
        found = named(doctor(terminal, "--ask-model", **TALKS, ANTHROPIC_BASE_URL=f"http://{at}"))
    assert "give this API key the right to use this model" in found["model_key_refused"][0]["do"]


def test_what_is_missing_for_a_model_is_found_without_a_question(terminal: Terminal) -> None:
    """Key, address, prices; and that there is none, or only a script, is a note."""
    nobody = named(doctor(terminal, TACTFUL_MODEL="anthropic", ANTHROPIC_BASE_URL="http://127.0.0.1:1"))
    assert {"model_away", "prices_missing"} <= set(nobody)
    assert "model_key_missing" in named(doctor(terminal, TACTFUL_MODEL="anthropic"))
    assert "model_scripted" in named(doctor(terminal))
    assert "model_none" in named(doctor(terminal, TACTFUL_MODEL="none"))


def test_a_price_that_is_there_is_not_missed(terminal: Terminal) -> None:
    """By the name of the model that is really used."""
    (terminal.folder / "policy.yaml").write_text("prices: {ours: {input_per_mtok: 1, output_per_mtok: 2}}")
    more = {"TACTFUL_POLICY": "policy.yaml", "ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}
    assert "prices_missing" not in named(doctor(terminal, **TALKS, **more, TACTFUL_MODEL__NAME="ours"))
    assert "prices_missing" in named(doctor(terminal, **TALKS, **more, TACTFUL_MODEL__NAME="another"))


def test_a_setting_of_the_model_that_cannot_be_used_is_found(terminal: Terminal) -> None:
    """A worker would end with it, too."""
    found = named(doctor(terminal, "--ask-model", TACTFUL_MODEL__SCRIPT="nowhere.yaml"))
    assert "nowhere.yaml cannot be read" in found["model_setting_wrong"][0]["says"]
