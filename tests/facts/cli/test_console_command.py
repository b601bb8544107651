"""`tactful console` at the command line: what is wrong is said with what to do, and an exit code."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import logs
from app.cli.console import app


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of its own, with no setting from outside, and loggers that stay as they are."""
    monkeypatch.chdir(tmp_path)
    for name in ("LOG", "CONSOLE", "STATE_DIR", "HTTP"):
        monkeypatch.setenv(f"TACTFUL_{name}", "")
    monkeypatch.setattr(logs, "begin", lambda *_, **__: None)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def said(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--listen", "0.0.0.0:0"), 2, "set TACTFUL_CONSOLE__TOKEN_FILE"),
        (("--listen", "here"), 2, "TACTFUL_CONSOLE: 'here' is no address to listen on"),
        (("--log", "memory:", "--listen", "127.0.0.1:0"), 3, "set it to kafka://host:port or embedded:PATH"),
        (("--log", "embedded:nowhere", "--listen", "127.0.0.1:0"), 3, "start `tactful worker`"),
        (("--log", "kafka://127.0.0.1:1", "--listen", "127.0.0.1:0"), 3, "127.0.0.1:1"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    arguments: tuple[str, ...], code: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2: a door open to everybody, no address; 3: a log that is not there, or brokers that nobody reaches."""
    monkeypatch.setenv("TACTFUL_HTTP", "127.0.0.1:1")
    ended, output = said(*arguments)
    assert (ended, words in output) == (code, True), output


def test_an_address_that_is_taken_is_named(taken: int) -> None:
    """3, and what to do about it."""
    code, output = said("--listen", f"127.0.0.1:{taken}")
    assert code == 3
    assert f"127.0.0.1:{taken}" in output
    assert "port 0 takes a free one" in output


def test_an_audit_that_cannot_be_written_stops_it_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2: nothing may be done here that is not written down."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("TACTFUL_CONSOLE__AUDIT", str(tmp_path / "file" / "audit.jsonl"))
    code, output = said("--listen", "127.0.0.1:0")
    assert (code, "audit.jsonl" in output) == (2, True)


def test_help_has_an_example_and_the_exit_codes() -> None:
    """How it is started, on which log, and what its ends mean."""
    code, output = said("--help")
    assert code == 0
    assert "tactful console --log embedded:" in output
    assert "Exit codes: 0 ended by SIGTERM" in output
