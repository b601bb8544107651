"""Counting inside a peer: from the first event after the warm-up to the last one handled.

The peer's last commit is not waited for, which flatters it; Tactful's own figure counts what is committed.
"""

from __future__ import annotations

import json
import os
import resource
import time


class Stopwatch:
    """Call `event` for each one; it prints the answer at the last."""

    def __init__(self, *, skip: int, count: int) -> None:
        """`skip` events are the warm-up, `count` all of them."""
        self.skip = skip
        self.count = count
        self.seen = 0
        self.ended = False
        self._began = (0.0, 0.0)

    def event(self, by: int = 1) -> bool:
        """So many more were handled; whether those were the last."""
        before, self.seen = self.seen, self.seen + by
        if before < self.skip <= self.seen:
            self.skip = self.seen
            self._began = (time.monotonic(), _cpu_seconds())
        if self.seen < self.count or self.ended:
            return self.ended
        self.ended = True
        seconds, cpu_s = time.monotonic() - self._began[0], _cpu_seconds() - self._began[1]
        answer = {"events": self.seen - self.skip, "seconds": seconds, "cpu_s": cpu_s}
        # Faust hands sys.stdout to its log.
        os.write(1, json.dumps(answer).encode() + b"\n")
        return True


def end() -> None:
    """Leave at once: nothing that follows is measured."""
    os._exit(0)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
