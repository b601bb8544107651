"""Settings come from the environment, and a wrong one is named with what is expected."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.policy_file import load_policy, read_policy
from app.settings import (
    EmbeddedAddress,
    KafkaAddress,
    MemoryAddress,
    Settings,
    SettingsError,
    load_settings,
    log_address,
    unknown_variables,
)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the machine's own takes part."""
    import os  # noqa: PLC0415 - only here is the real environment looked at

    for name in [name for name in os.environ if name.startswith("TACTFUL_")]:
        monkeypatch.delenv(name)


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"TACTFUL_{name}", value)
    return load_settings()


def complaint(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    with pytest.raises(SettingsError) as refused:
        given(monkeypatch, **variables)
    return str(refused.value)


def test_without_any_variable_it_runs_on_this_machine() -> None:
    """The defaults are one machine, no broker, loopback only."""
    settings = load_settings()
    assert settings.log == EmbeddedAddress(Path(".tactful/log"))
    assert (settings.http.host, settings.http.port, settings.http.token) == ("127.0.0.1", 8080, None)
    assert (settings.model.backend, settings.model.slots, settings.model.limit) == (
        "anthropic",
        16,
        timedelta(seconds=25),
    )
    assert (settings.agents, settings.policy, settings.topic_prefix, settings.group) == (
        (),
        None,
        "",
        "tactful",
    )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("kafka://one:9092", KafkaAddress(("one:9092",))),
        ("kafka://one:9092,two.example:9093", KafkaAddress(("one:9092", "two.example:9093"))),
        ("kafka://[::1]:9092", KafkaAddress(("[::1]:9092",))),
        ("embedded:/var/lib/tactful", EmbeddedAddress(Path("/var/lib/tactful"))),
        ("embedded:here", EmbeddedAddress(Path("here"))),
        ("memory:", MemoryAddress()),
        ("memory", MemoryAddress()),
    ],
)
def test_a_log_is_named_by_its_kind_and_place(text: str, address: object) -> None:
    """Every kind of log has one way to be written."""
    assert log_address(text) == address


@pytest.mark.parametrize("text", ["kafka:one:9092", "kafka://", "kafka://one", "embedded:", "redis://x", ""])
def test_what_is_no_log_is_refused(text: str) -> None:
    """The message says how a log is written."""
    with pytest.raises(ValueError, match="kafka://host:port"):
        log_address(text)


def test_a_group_may_have_its_own_word(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`TACTFUL_HTTP` is the address and `TACTFUL_HTTP__TOKEN_FILE` the secret, side by side."""
    (tmp_path / "token").write_text("secret\n")
    settings = given(
        monkeypatch,
        HTTP="0.0.0.0:9000",
        HTTP__TOKEN_FILE=str(tmp_path / "token"),
        MODEL="scripted",
        MODEL__SLOTS="4",
        MODEL__LIMIT="10s",
    )
    assert (settings.http.host, settings.http.port) == ("0.0.0.0", 9000)  # noqa: S104 - what was given
    assert settings.http.token is not None
    assert settings.http.token.get_secret_value() == "secret"
    assert (settings.model.backend, settings.model.slots) == ("scripted", 4)
    assert settings.model.limit == timedelta(seconds=10)


def test_a_group_without_its_word_keeps_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of a group can be set alone."""
    settings = given(monkeypatch, HTTP__TOKEN="t", MODEL__NAME="some-model")
    assert (settings.http.listen, settings.model.backend, settings.model.name) == (
        "127.0.0.1:8080",
        "anthropic",
        "some-model",
    )


def test_the_brokers_settings_are_a_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Protocol, mechanism, names and files, the password from a file."""
    for name in ("ca", "cert", "key", "password"):
        (tmp_path / name).write_text(name)
    settings = given(
        monkeypatch,
        LOG="kafka://one:9092",
        KAFKA__SECURITY_PROTOCOL="SASL_SSL",
        KAFKA__SASL_MECHANISM="SCRAM-SHA-512",
        KAFKA__SASL_USERNAME="tactful",
        KAFKA__SASL_PASSWORD_FILE=str(tmp_path / "password"),
        KAFKA__SSL_CAFILE=str(tmp_path / "ca"),
        KAFKA__SSL_CERTFILE=str(tmp_path / "cert"),
        KAFKA__SSL_KEYFILE=str(tmp_path / "key"),
    )
    kafka = settings.kafka
    assert (kafka.security_protocol, kafka.sasl_mechanism) == ("SASL_SSL", "SCRAM-SHA-512")
    assert kafka.sasl_password is not None
    assert kafka.sasl_password.get_secret_value() == "password"
    assert kafka.ssl_cafile == tmp_path / "ca"


def test_secrets_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings may stand in a log line; passwords and tokens do not."""
    settings = given(monkeypatch, HTTP__TOKEN="sesame", KAFKA__SASL_PASSWORD="sesame")
    assert "sesame" not in repr(settings)


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """`TACTFUL_AGENTS` names objects by import path."""
    settings = given(monkeypatch, AGENTS="mine.agents:birthday, yours.weather")
    assert settings.agents == ("mine.agents:birthday", "yours.weather")


def test_every_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line a mistake, beginning with the variable as it was written."""
    said = complaint(
        monkeypatch,
        LOG="redis://x",
        HTTP="localhost",
        MODEL="gpt",
        MODEL__LIMIT="soon",
        KAFKA__SECURITY_PROTOCOL="TLS",
        KAFKA__SASL_PASWORD="x",
        AGENTS="no-path",
        TOPIC_PREFIX="a b",
        STATE_DIR="",
    ).splitlines()
    assert {line.split(":")[0] for line in said} == {
        "TACTFUL_LOG",
        "TACTFUL_HTTP",
        "TACTFUL_MODEL",
        "TACTFUL_MODEL__LIMIT",
        "TACTFUL_KAFKA__SECURITY_PROTOCOL",
        "TACTFUL_KAFKA__SASL_PASWORD",
        "TACTFUL_AGENTS",
        "TACTFUL_TOPIC_PREFIX",
    }


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (
            {"KAFKA__SECURITY_PROTOCOL": "SASL_SSL"},
            "TACTFUL_KAFKA: SASL_SSL needs SASL_USERNAME and SASL_PASSWORD",
        ),
        ({"KAFKA__SSL_CERTFILE": "/x"}, "TACTFUL_KAFKA: SSL_CERTFILE and SSL_KEYFILE belong together"),
        ({"KAFKA__SSL_CAFILE": "/nowhere"}, "/nowhere is no file"),
        ({"HTTP__TOKEN_FILE": "/nowhere"}, "TOKEN_FILE: /nowhere cannot be read (No such file or directory)"),
        ({"HTTP__TOKEN_FILE": "/dev/null"}, "TOKEN_FILE: /dev/null is empty"),
        ({"HTTP__TOKEN_FILE": "/dev/null", "HTTP__TOKEN": "t"}, "give TOKEN or TOKEN_FILE, not both"),
        ({"HTTP": "1.2.3.4:70000"}, "write it like 127.0.0.1:8080"),
        ({"MODEL__SLOTS": "0"}, "TACTFUL_MODEL__SLOTS: Input should be greater than or equal to 1"),
        ({"KAFKA": "x"}, "kafka"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    """The message names what is missing, or which of two to give."""
    assert expected in complaint(monkeypatch, **variables)


def test_unknown_variables_can_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are no error, since Kubernetes sets some for a service of our name; the doctor shows them."""
    given(
        monkeypatch, PORT="tcp://10.0.0.1:80", GROUPS="x", HTTP__TOKEN="t", LOG="memory:", WEBHOOK_SECRET="w"
    )
    assert unknown_variables() == ["TACTFUL_GROUPS", "TACTFUL_PORT"]


def test_a_policy_is_a_yaml_file(tmp_path: Path) -> None:
    """What the file names is changed, everything else has its default; clock times stay times of day."""
    path = tmp_path / "policy.yaml"
    path.write_text(
        "quiet_hours: {start: 22:30, end: 07:00}\ncaps: {per_day: 1}\nagents: {digest: {at: 18:00}}\n"
    )
    policy = load_policy(path)
    assert (policy.quiet_hours.start, policy.caps.per_day, policy.caps.per_week) == ("22:30", 1, 6)
    assert (policy.agent("digest").at, policy.agent("digest").priority) == ("18:00", 40)


def test_no_policy_and_an_empty_one_are_the_default(tmp_path: Path) -> None:
    """An empty file changes nothing, the hash included."""
    assert load_policy(None).version == read_policy("# nothing\n").version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("caps: {per_day: 1}\ncaps: {per_day: 2}\n", "line 2"),
        ("caps: [\n", "line "),
        ("- a\n", "a policy is a mapping"),
        ("min_gab: 4h\n", "min_gab: is not known: check its spelling"),
        ("quiet_hours: {start: 25:00}\n", "quiet_hours.start: '25:00' is no time of day"),
        ("min_gap: soon\n", "min_gap: 'soon' is no length of time: write it like 90s"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    """File, line or field, and what is expected there."""
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as refused:
        load_policy(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert expected in str(refused.value)


def test_a_policy_that_is_not_there_is_named() -> None:
    """The path is in the message."""
    with pytest.raises(SettingsError, match="/nowhere cannot be read"):
        load_policy(Path("/nowhere"))
