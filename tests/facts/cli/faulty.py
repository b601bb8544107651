"""What a doctor's findings are called, for tests that make a fault real and look whether it is found."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from app.doctor.faults import BY_NAME
from tests.facts.cli.terminal import Said, Terminal


def doctor(terminal: Terminal, *words: str, **env: str) -> Said:
    return terminal.tactful("doctor", "--json", *words, env={"TACTFUL_MODEL": "scripted"} | env)


def named(said: Said) -> dict[str, list[Any]]:
    """The findings by the name of their fault; each says what, why and what to do."""
    found: dict[str, list[Any]] = {}
    for one in said.objects:
        if one["state"] != "fine":
            assert one["says"]
            assert one["why"]
            assert one["do"]
            assert one["state"] == BY_NAME[one["name"]].state
            found.setdefault(one["name"], []).append(one)
    states = {one["state"] for one in said.objects}
    assert said.code == (3 if "away" in states else 1 if "wrong" in states else 0), said.out
    return found


@contextmanager
def answers(pages: Mapping[str, tuple[int, str, str]]) -> Iterator[str]:
    """Somebody on this machine who answers by path with a status, a type and a text; yields `host:port`."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            status, kind, text = pages.get(self.path, (404, "application/json", json.dumps({"error": "no"})))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer()

        def log_message(self, *_: object) -> None:  # nothing is to be printed
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
