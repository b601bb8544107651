"""The console as an operator has it: the week of `tactful demo --keep`, a worker that goes on, and the pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import LOOPBACK, free_port

COMMAND = Path(sys.executable).with_name("tactful")
REFRESH_S = 1.0
"""Nobody reads here, and tests wait for it."""
STARTED_WITHIN_S = 60.0
LISTENING = re.compile(r"listening at (http://[^\s\"]+)\"\n")


def environment(folder: Path, http: str) -> dict[str, str]:
    """What worker and console have to know; nothing of whoever runs the test."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("TACTFUL_")}
    return mine | {
        "TACTFUL_LOG": f"embedded:{folder / 'log'}",
        "TACTFUL_STATE_DIR": str(folder / "state"),
        "TACTFUL_MODEL": "none",
        "TACTFUL_HTTP": http,
        "TACTFUL_CONSOLE": "127.0.0.1:0",
        "TACTFUL_CONSOLE__REFRESH": f"{REFRESH_S:g}s",
    }


@dataclass(frozen=True, slots=True)
class AtWork:
    """Where the console is, and the worker beside it."""

    url: str
    worker: subprocess.Popen[bytes]


@contextmanager
def at_work(folder: Path) -> Iterator[AtWork]:
    """A console, once it listens."""
    port = free_port()
    variables = environment(folder, f"{LOOPBACK}:{port}")
    subprocess.run(
        [COMMAND, "demo", "--keep", folder / "log"],
        env=variables,
        check=True,
        capture_output=True,
        timeout=120,
    )
    with (
        _process("worker", folder, variables) as (worker, _),
        _process("console", folder, variables) as (_, url),
    ):
        yield AtWork(url, worker)


@contextmanager
def _process(
    name: str, folder: Path, variables: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """One of our commands, from its first words to its end."""
    said = folder / f"{name}.log"
    with said.open("wb") as log:
        process = subprocess.Popen([COMMAND, name], env=dict(variables), stdout=log, stderr=log)
    try:
        until = time.monotonic() + STARTED_WITHIN_S
        while not (found := LISTENING.search(words := said.read_text())):
            if process.poll() is not None or time.monotonic() > until:
                raise TimeoutError(f"tactful {name}: {words[-800:]}")
            time.sleep(0.05)
        yield process, found.group(1)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
