"""The teller's side of a worker's process: start it, speak to it, kill it."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.scenario.forks import forks, warm_up
from app.scenario.words import Command, Done, Hello
from app.scenario.world import StuckError

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

ANSWER_WITHIN_S = 180.0
"""A command that lets months pass on a broker takes some seconds."""
TAIL = 2_000
"""Characters of the process's own log that are shown when it fails."""


class DiedError(Exception):
    """The worker's process ended, or failed at what it was told; the message is what it said last."""


class Process:
    """One process of the operating system; see `child`."""

    def __init__(self, hello: Hello, log: Path) -> None:
        """`log` is where the process's own words go, those of its forerunners stay in front."""
        self._log = log
        self._ours, theirs = forks.Pipe()
        self._process: ForkServerProcess = forks.Process(
            target=_live, args=(theirs, msgspec.json.encode(hello), str(log)), daemon=True
        )
        warm_up()
        self._process.start()
        theirs.close()

    def do(self, command: Command) -> Done:
        """Tell it one thing and wait until it is done."""
        what = type(command).__name__
        try:
            self._ours.send_bytes(msgspec.json.encode(command))
            if not self._ours.poll(ANSWER_WITHIN_S):
                self.kill()
                raise StuckError(f"{what} was not done within {ANSWER_WITHIN_S:g} s{self._last_words()}")
            done = msgspec.json.decode(self._ours.recv_bytes(), type=Done)
        except (EOFError, OSError):
            raise DiedError(f"{what}: its process has ended{self._last_words()}") from None
        if done.error:
            raise DiedError(f"{what}: {done.error}{self._last_words()}")
        return done

    def kill(self) -> None:
        """SIGKILL: nothing of it runs any more."""
        self._process.kill()
        self.ended()

    def ended(self) -> None:
        """Wait for its end, and close what connects to it."""
        self._process.join()
        self._ours.close()

    def _last_words(self) -> str:
        said = self._log.read_text(encoding="utf-8", errors="replace").strip() if self._log.exists() else ""
        return f"; its last words:\n{said[-TAIL:]}" if said else ""


def _live(told: Connection, hello: bytes, log: str) -> None:
    """What the new process does: the module is there already when the fork server has loaded it."""
    from app.scenario.child import live  # noqa: PLC0415 - the teller itself has no need of a worker's imports

    live(told, hello, log)
