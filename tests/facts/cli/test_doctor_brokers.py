"""Faults on the way to brokers that need none to be made real, and what brokers say that no single one here can."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from app.doctor import brokers
from app.doctor.topics import topics
from app.drivers import kafka_refusal
from app.drivers.kafka_client import Connection
from app.drivers.kafka_topics import Copies, Present, Report
from tests.facts.cli.faulty import doctor, named
from tests.facts.cli.terminal import Terminal
from tests.kafka.security.certificates import Authority

LOOPBACK = "127.0.0.1"


def test_copies_that_lack_are_found_by_what_the_brokers_say() -> None:
    """A cluster of three of which two are away: what has one copy there, what has no leader, what is not in sync."""
    config = {"min.insync.replicas": "2"}
    present = {
        "user-events": Present((Copies(1, (1, 2, 3), (1, 2)), Copies(1, (1, 2, 3), (1,))), config),
        "nudges": Present((Copies(-1, (2, 3), ()),), None),
        "dead-letter": Present((Copies(1, (1,), (1,)),), None),
    }
    found = {one.name: one.says for one in topics(Report(present=present), prefix="", hidden=(), brokers=3)}
    assert found == {
        "copies_behind": "user-events: fewer than min.insync.replicas (2) are in sync of partition 1",
        "no_leader": "nudges: no leader of partition 0",
        "one_copy": "there are 3 brokers, and one copy of dead-letter",
        "": "all 7 are there, as the contract has them",
    }


def test_an_address_at_which_no_broker_answers_is_told_apart(tmp_path: Path) -> None:
    """A name that nobody knows, nobody there, and somebody else."""
    terminal = Terminal(tmp_path)
    with _hanging_up() as other:
        places = {
            "broker_name_unknown": "no-such-host.invalid:9092",
            "broker_not_there": f"{LOOPBACK}:1",
            "broker_is_none": other,
        }
        for name, at in places.items():
            found = named(doctor(terminal, TACTFUL_LOG=f"kafka://{at}", TACTFUL_STATE_DIR=str(tmp_path)))
            assert next(iter(found)) == name, found


async def test_somebody_who_says_nothing_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked directly: the client's own patience, half a minute, comes first."""
    monkeypatch.setattr(kafka_refusal, "WITHIN_S", 0.1)
    with socket.create_server((LOOPBACK, 0)) as silent:
        at = f"{LOOPBACK}:{silent.getsockname()[1]}"
        found = await kafka_refusal.refusal(Connection(bootstrap=at))
    assert found is not None
    assert (found.name, found.says) == ("broker_silent", f"{at} does not answer")


def test_a_broker_too_old_to_tell_of_rights_is_a_note() -> None:
    """Before 2.3 there was no way to ask."""
    (found,) = brokers._rights(Connection(bootstrap="b:1"), None)
    assert found.name == "rights_unsaid"


def test_a_user_without_rights_on_the_cluster_is_told_less() -> None:
    """What a broker does not say of its clock is no fault of the clock's."""
    assert list(brokers._clock(None)) == []
    assert [one.name for one in brokers._clock(-31.0)] == ["clock_off"]
    assert [one.state for one in brokers._clock(29.0)] == ["fine"]


def test_a_certificate_that_is_not_valid_yet_is_told(tmp_path: Path) -> None:
    """It is a matter of clocks, not of authorities."""
    authority = Authority(tmp_path / "authority")
    key, certificate = authority.sign("broker", address=f"IP:{LOOPBACK}", since="20480101000000Z")
    with _tls(key, certificate) as at:
        env = {
            "TACTFUL_LOG": f"kafka://{at}",
            "TACTFUL_KAFKA__SECURITY_PROTOCOL": "SSL",
            "TACTFUL_KAFKA__SSL_CAFILE": str(authority.certificate),
            "TACTFUL_STATE_DIR": str(tmp_path),
        }
        found = named(doctor(Terminal(tmp_path), **env))
        no_pem = {"TACTFUL_KAFKA__SSL_CERTFILE": __file__, "TACTFUL_KAFKA__SSL_KEYFILE": __file__}
        wrong = named(doctor(Terminal(tmp_path), **env, **no_pem))
    assert next(iter(found)) == "certificate_too_young"
    assert next(iter(wrong)) == "certificates_unusable"


@contextmanager
def _tls(key: Path, certificate: Path) -> Iterator[str]:
    """A listener that shows this certificate to whoever comes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def talk(one: socket.socket) -> None:
        with context.wrap_socket(one, server_side=True) as talking:
            talking.recv(1024)

    with _listening(talk) as at:
        yield at


@contextmanager
def _hanging_up() -> Iterator[str]:
    """Somebody who hears what is said and answers nothing."""
    with _listening(lambda one: one.recv(1024)) as at:
        yield at


@contextmanager
def _listening(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    """Each who comes is talked to once, then the connection is closed."""
    with socket.create_server((LOOPBACK, 0)) as server:

        def serve() -> None:
            with suppress(OSError):  # the socket is closed in the end
                while True:
                    one, _ = server.accept()
                    with one, suppress(OSError):
                        talk(one)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"{LOOPBACK}:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join()
