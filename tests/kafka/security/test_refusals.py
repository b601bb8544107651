"""Why somebody does not get in: each fault has its own sentence, and says what to do."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from app.drivers.kafka_client import Connection
from tests.facts.cli.terminal import Said, Terminal
from tests.kafka.security.guarded import Guarded
from tests.worker.process import until, worker

PROTOCOL = "TACTFUL_KAFKA__SECURITY_PROTOCOL"
CA_FILE = "TACTFUL_KAFKA__SSL_CAFILE"
PASSWORD, PASSWORD_FILE = "TACTFUL_KAFKA__SASL_PASSWORD", "TACTFUL_KAFKA__SASL_PASSWORD_FILE"
MECHANISM = "TACTFUL_KAFKA__SASL_MECHANISM"
NOTHING = ""
"""A variable that is empty counts as not set."""

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

FAULTS: dict[str, tuple[str, str, dict[str, str], str, str]] = {
    "a wrong password": (
        "password_wrong",
        "SECURE",
        {PASSWORD: "guessed", PASSWORD_FILE: NOTHING},
        "{at} does not know worker, or another password of theirs",
        "TACTFUL_KAFKA__SASL_PASSWORD_FILE",
    ),
    "a wrong password, salted": (
        "password_wrong",
        "SECURE",
        {PASSWORD: "guessed", PASSWORD_FILE: NOTHING, MECHANISM: "SCRAM-SHA-256"},
        "{at} does not know worker, or another password of theirs",
        "kafka-configs.sh --describe --entity-type users --entity-name worker",
    ),
    "an authority that nobody here knows": (
        "authority_unknown",
        "SECURE",
        {CA_FILE: NOTHING},
        "the certificate of {at} is signed by none of the authorities of this machine",
        "set TACTFUL_KAFKA__SSL_CAFILE",
    ),
    "a certificate of another host": (
        "certificate_of_another",
        "ELSEWHERE",
        {},
        "the certificate of {at} was made for another host",
        "write the broker in TACTFUL_LOG by a name of its certificate",
    ),
    "a certificate that has expired": (
        "certificate_expired",
        "EXPIRED",
        {},
        "the certificate of {at} has expired",
        "give the broker a new one",
    ),
    "no TLS where it is wanted": (
        "tls_wanted",
        "SECURE",
        {PROTOCOL: "SASL_PLAINTEXT"},
        "{at} speaks TLS, and SASL_PLAINTEXT does not",
        f"set {PROTOCOL}=SASL_SSL",
    ),
    "neither TLS nor a password": (
        "tls_wanted",
        "SECURE",
        {PROTOCOL: "PLAINTEXT"},
        "{at} speaks TLS, and PLAINTEXT does not",
        f"set {PROTOCOL}=SSL",
    ),
    "TLS where there is none": (
        "tls_unknown",
        "CLEAR",
        {PROTOCOL: "SASL_SSL"},
        "{at} does not speak TLS, and SASL_SSL wants it",
        f"set {PROTOCOL}=SASL_PLAINTEXT",
    ),
    "a mechanism that is not enabled": (
        "mechanism_refused",
        "SCRAMONLY",
        {},
        "{at} does not take PLAIN: it takes SCRAM-SHA-512",
        f"set {MECHANISM}",
    ),
    "no password where one is wanted": (
        "password_wanted",
        "CLEAR",
        {PROTOCOL: "PLAINTEXT"},
        "{at} wants a user and a password (PLAIN, SCRAM-SHA-512, SCRAM-SHA-256)",
        f"set {PROTOCOL}=SASL_PLAINTEXT",
    ),
    "a password where none is wanted": (
        "password_unwanted",
        "MUTUAL",
        {PROTOCOL: "SASL_SSL"},
        "{at} asks for no password, and SASL_SSL gives one",
        f"set {PROTOCOL}=SSL",
    ),
    "no certificate where one is wanted": (
        "certificate_wanted",
        "MUTUAL",
        {"TACTFUL_KAFKA__SSL_CERTFILE": NOTHING, "TACTFUL_KAFKA__SSL_KEYFILE": NOTHING},
        "{at} ends TLS at once: it probably wants a certificate of ours, and there is none",
        "set TACTFUL_KAFKA__SSL_CERTFILE and TACTFUL_KAFKA__SSL_KEYFILE",
    ),
}


def asked(broker: Guarded, folder: Path, env: dict[str, str], *words: str) -> Said:
    said = Terminal(folder, env | {"TACTFUL_MODEL": "none"}).tactful(*words)
    assert [secret for secret in [*broker.secrets, "guessed"] if secret in said.out + said.err] == []
    return said


@pytest.mark.parametrize("fault", FAULTS)
def test_the_doctor_says_why_a_broker_refuses(broker: Guarded, tmp_path: Path, fault: str) -> None:
    """Exit 3; what is wrong is named by the broker's address, what to do by a variable; no secret is shown."""
    name, listener, wrong, says, do = FAULTS[fault]
    env = broker.env("worker", listener) | wrong
    if fault == "a password where none is wanted":
        env |= {"TACTFUL_KAFKA__SASL_USERNAME": "worker", PASSWORD: "guessed"}
    said = asked(broker, tmp_path, env, "doctor", "--json")
    (found,) = [one for one in said.objects if one["about"] == "brokers"]
    assert found["name"] == name
    at = broker.broker.listeners[listener]
    assert (said.code, found["state"]) == (3, "away")
    assert found["says"].startswith(says.format(at=at)), found
    assert do in found["do"], found


def test_a_certificate_of_ours_by_another_authority_is_refused(broker: Guarded, tmp_path: Path) -> None:
    """The doctor says that it is our certificate, and how to look at it."""
    stranger = broker.strangers()
    said = asked(broker, tmp_path, broker.env("worker", "MUTUAL") | stranger, "doctor", "--json")
    (found,) = [one for one in said.objects if one["about"] == "brokers"]
    assert found["name"] == "certificate_refused"
    assert found["says"].startswith(f"{broker.broker.listeners['MUTUAL']} refuses our certificate"), found
    assert "openssl x509 -noout -issuer -dates" in found["do"]


def test_a_key_that_is_locked_asks_nobody(broker: Guarded, tmp_path: Path) -> None:
    """Without its password the command ends and says so; it does not wait at a terminal."""
    env = broker.env("worker", "MUTUAL") | {"TACTFUL_KAFKA__SSL_KEY_PASSWORD_FILE": NOTHING}
    said = asked(broker, tmp_path, env, "topics", "check")
    assert said.code == 3
    assert "the certificates of TACTFUL_KAFKA__SSL_* cannot be used" in said.err


@pytest.mark.parametrize("words", [("topics", "check"), ("events", "tail", "nudges"), ("verify",)])
def test_every_command_says_it_alike(broker: Guarded, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Not only the doctor: exit 3, with the same sentence."""
    env = broker.env("worker", "SECURE") | {PASSWORD: "guessed", PASSWORD_FILE: NOTHING}
    said = asked(broker, tmp_path, env, *words)
    assert said.code == 3
    assert f"{broker.broker.listeners['SECURE']} does not know worker" in said.err


async def test_a_worker_says_why_it_waits(broker: Guarded, tmp_path: Path) -> None:
    """While it goes on trying, its log says what is wrong and what to do, and never the password."""
    env = broker.env("worker", "SECURE") | {PASSWORD: "guessed", PASSWORD_FILE: NOTHING}
    named = {name.removeprefix("TACTFUL_"): value for name, value in env.items() if value}
    async with worker(tmp_path, **named, LOG_LEVEL="DEBUG", TOPIC_PREFIX=uuid.uuid4().hex) as one:
        await until(lambda: "does not know worker" in one.said.read_text(), said=one.said)
        await one.ended_well()
    assert "guessed" not in one.said.read_text()


@pytest.mark.parametrize(
    "wrong",
    [
        {MECHANISM: "GUESS"},
        {"TACTFUL_KAFKA__SASL_USERNAME": NOTHING},
        {PASSWORD: "guessed"},
        {"TACTFUL_KAFKA": '{"sasl_password": "guessed"', PASSWORD_FILE: NOTHING},
    ],
)
def test_a_setting_that_is_wrong_shows_no_secret(
    broker: Guarded, tmp_path: Path, wrong: dict[str, str]
) -> None:
    """What is complained of is the variable, never what another one holds."""
    said = asked(broker, tmp_path, broker.env("worker", "SECURE") | wrong, "doctor", "--json")
    assert said.code == 1
    assert "TACTFUL_KAFKA" in said.out or "kafka" in said.out


def test_a_connection_shows_no_password() -> None:
    """Neither of the two, wherever a connection is shown."""
    connection = Connection(bootstrap="b:1", sasl_password="secret", key_password="secret")
    assert "secret" not in repr(connection)
