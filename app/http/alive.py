"""`python -m app.http.alive [HOST:PORT]`: whether the process that listens at TACTFUL_HTTP lives; for HEALTHCHECK.

It imports nothing of the rest: it runs every half minute beside a busy worker.
"""

from __future__ import annotations

import http.client
import os
import sys

DEFAULT = "127.0.0.1:8080"
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


def main() -> None:
    listen = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TACTFUL_HTTP") or DEFAULT
    if (why := why_not(listen)) is not None:
        sys.exit(why)


if __name__ == "__main__":
    main()
