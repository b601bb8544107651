"""For docker-compose.yml: where nudges are posted. It checks the signature, is away now and then, and people react.

What people make of a nudge is an event like any other: `tactful events import` puts it on the log.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import random
import subprocess
import threading
import time
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue

PORT = 8090
AWAY = 0.1
"""Of all posts so many are answered by 503: they come again."""
REACTIONS = ("nudge.opened", "nudge.opened", "nudge.replied", "nudge.dismissed", None, None)
KEY = base64.b64decode(os.environ["TACTFUL_WEBHOOK_SECRET"].removeprefix("whsec_"))
reactions: SimpleQueue[str] = SimpleQueue()


class Phone(BaseHTTPRequestHandler):
    """Takes what is signed."""

    def do_GET(self) -> None:
        """For the health check."""
        self._answer(200)

    def do_POST(self) -> None:
        """A nudge, or a recall of one."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        signature = "v1," + base64.b64encode(hmac.digest(KEY, signed, sha256)).decode()
        if not hmac.compare_digest(signature, self.headers["webhook-signature"]):
            self._answer(401)
            return
        if random.random() < AWAY:
            self._answer(503)
            return
        told = json.loads(body)
        if told["type"] == "nudge.send" and (kind := random.choice(REACTIONS)) is not None:
            reactions.put(reaction(kind, told["data"]))
        self._answer(204)

    def log_message(self, *_: object) -> None:
        """Nothing: an address is nobody's business."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def reaction(kind: str, nudge: dict[str, str]) -> str:
    """An event as a line of JSON."""
    event = {
        "id": f"{nudge['nudge_id']}/{kind}",
        "source": "phone",
        "type": kind,
        "time": datetime.now(UTC).isoformat(),
        "user_id": nudge["user_id"],
        "data": {"nudge_id": nudge["nudge_id"]},
    }
    return json.dumps(event)


def report() -> None:
    """What people did goes to the log, every ten seconds."""
    file = Path("/tmp/reactions.jsonl")  # noqa: S108 - the container's own
    while True:
        lines = [reactions.get()]
        time.sleep(10)
        try:
            while True:
                lines.append(reactions.get_nowait())
        except Empty:
            file.write_text("".join(f"{line}\n" for line in lines))
            subprocess.run(["tactful", "events", "import", file], check=False)  # noqa: S603, S607 - our own words


if __name__ == "__main__":
    threading.Thread(target=report, daemon=True).start()
    ThreadingHTTPServer(("0.0.0.0", PORT), Phone).serve_forever()  # noqa: S104 - no port of it is opened
