"""`python -m app.http.alive [HOST:PORT]`: whether the process beside it lives; for HEALTHCHECK.

Without an address it asks where the command listens that the container was started with: a worker, a console, or
`tactful deliver --listen`. A command that listens nowhere is alive while it runs.
It imports nothing of the rest: it runs every half minute beside a busy worker.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

LISTENS = {"worker": ("TACTFUL_HTTP", "127.0.0.1:8080"), "console": ("TACTFUL_CONSOLE", "127.0.0.1:8081")}
"""The variable with its address, and where it listens without one."""
FIRST = Path("/proc/1/cmdline")
"""What the container was started with, if there is such a file."""
PATIENCE_S = 4.0
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - who listens everywhere is asked on the loopback


def why_not(listen: str) -> str | None:
    """None when `/healthz` answers 200; else what it answers, or that it does not."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    connection = http.client.HTTPConnection(ANY.get(host, host), int(port), timeout=PATIENCE_S)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        said = answer.read(1000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"{listen} does not answer: {error}"
    finally:
        connection.close()
    return None if answer.status == http.client.OK else f"{listen} answers {answer.status}: {said}"


def listens_at(words: Sequence[str], env: Mapping[str, str]) -> str | None:
    """Where a command of this line listens; None: nowhere. A line without `tactful` in it is taken for a worker's."""
    names = [word.rpartition("/")[2] for word in words]
    given = list(words[names.index("tactful") + 1 :]) if "tactful" in names else []
    command = given[0] if given else "worker"
    for number, word in enumerate(given):
        if word.startswith("--listen="):
            return word.partition("=")[2]
        if word == "--listen" and number + 1 < len(given):
            return given[number + 1]
    if command not in LISTENS:
        return None
    variable, default = LISTENS[command]
    return env.get(variable) or default


def main() -> None:
    words = FIRST.read_bytes().decode(errors="replace").split("\0") if FIRST.exists() else []
    listen = sys.argv[1] if len(sys.argv) > 1 else listens_at(words, os.environ)
    if listen is not None and (why := why_not(listen)) is not None:
        sys.exit(why)


if __name__ == "__main__":
    main()
