"""What the image's HEALTHCHECK asks."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from app.http.alive import listens_at, why_not


class _Worker(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        body = b'{"alive": true}' if self.path == "/healthz" else b"?"
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listening() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Worker)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_worker_that_lives_is_alive_wherever_it_listens(listening: HTTPServer) -> None:
    """An address of all interfaces is asked on the loopback."""
    for host in ("127.0.0.1", "0.0.0.0", "localhost"):  # noqa: S104 - an address to ask, not to listen on
        assert why_not(f"{host}:{listening.server_port}") is None


def test_a_worker_that_says_so_or_nothing_is_not(
    listening: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 and no answer at all are told apart."""
    monkeypatch.setattr(_Worker, "status", 503)
    assert "answers 503" in str(why_not(f"127.0.0.1:{listening.server_port}"))
    assert "does not answer" in str(why_not("127.0.0.1:1"))


@pytest.mark.parametrize(
    ("line", "env", "listens"),
    [
        ("/opt/tactful/bin/python /opt/tactful/bin/tactful worker", {}, "127.0.0.1:8080"),
        ("python /opt/tactful/bin/tactful worker", {"TACTFUL_HTTP": "0.0.0.0:80"}, "0.0.0.0:80"),
        ("python /opt/tactful/bin/tactful console --json", {"TACTFUL_HTTP": "0.0.0.0:80"}, "127.0.0.1:8081"),
        ("/sbin/docker-init -- tactful console", {"TACTFUL_CONSOLE": "0.0.0.0:9"}, "0.0.0.0:9"),
        ("python tactful console --listen 0.0.0.0:7", {"TACTFUL_CONSOLE": "0.0.0.0:9"}, "0.0.0.0:7"),
        ("python tactful deliver --webhook https://a.example --listen=:::7", {}, ":::7"),
        ("python tactful deliver --webhook https://a.example", {}, None),
        ("python tactful topics apply", {}, None),
        ("/usr/lib/systemd/systemd --system", {}, "127.0.0.1:8080"),
        ("", {"TACTFUL_HTTP": "127.0.0.1:1"}, "127.0.0.1:1"),
    ],
)
def test_it_asks_where_the_containers_own_command_listens(
    line: str, env: dict[str, str], listens: str | None
) -> None:
    """A console's address for a console, and nothing of a command that listens nowhere."""
    assert listens_at(line.split(), env) == listens


def test_the_check_ends_with_1_when_nobody_answers() -> None:
    """As a container's engine runs it, with the address from the worker's own setting."""
    done = subprocess.run(
        [sys.executable, "-m", "app.http.alive"],
        env={"TACTFUL_HTTP": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "127.0.0.1:1 does not answer" in done.stderr
