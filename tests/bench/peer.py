"""Running a peer: an interpreter with the locked packages, made on first use, and one program with one answer."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TypedDict

from tests.kafka.local import cache

FOLDER = Path(__file__).with_name("peers")
LOCK = FOLDER / "requirements.txt"
ROOT = Path(__file__).parents[2]
WITHIN_S = 600


class Told(TypedDict):
    """What a peer says of itself: how many events, in which time, with how much of the processor."""

    events: int
    seconds: float
    cpu_s: float


def interpreter() -> Path:
    """The peers' Python; the first call installs what the lock names, by its hashes."""
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = cache() / f"peers-{wanted}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        venv.create(folder, clear=True, with_pip=True)
        install = [
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "--no-deps",
            "--require-hashes",
            "-r",
        ]
        subprocess.run([python, *install, LOCK], check=True)
        (folder / "complete").touch()
    return python


def told(script: str, *arguments: object, ours: bool = False) -> Told:
    """Run one to its end; `ours`: by this interpreter, with this program's modules."""
    python = sys.executable if ours else str(interpreter())
    env = os.environ | ({"PYTHONPATH": str(ROOT)} if ours else {})
    with tempfile.TemporaryDirectory(prefix="tactful-peer-") as folder:
        done = subprocess.run(
            [python, FOLDER / f"{script}.py", *map(str, arguments)],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise RuntimeError(f"{script} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3_000:]}")
    answer: Told = json.loads(lines[-1])
    return answer
