"""`tactful worker` on a machine whose wall clock is wrong: `python -m tests.kafka.faults.wrong_clock worker`.

`CLOCK_FILE` names a file that holds by how many seconds the clock is off; it may change at any time.
`time.time` and `time.time_ns` are set before anything of the product is imported; the monotonic clock is left alone,
as it is when somebody sets a machine's date. The worker reads the wall clock by these two only.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

LOOK_S = 0.02


def _off(file: Path) -> Callable[[], float]:
    """By how much the clock is off now; the file is read again every 20 ms."""
    last, looked = 0.0, float("-inf")

    def off() -> float:
        nonlocal last, looked
        at = time.monotonic()
        if at - looked >= LOOK_S:
            looked, last = at, float(file.read_text())
        return last

    return off


def main() -> None:
    """Set the clock, and be the command."""
    off, right, right_ns = _off(Path(os.environ["CLOCK_FILE"])), time.time, time.time_ns
    time.time = lambda: right() + off()
    time.time_ns = lambda: right_ns() + int(off() * 1_000_000_000)
    from app.cli.main import run  # noqa: PLC0415 - what it imports is to find the wrong clock

    sys.argv[0] = "tactful"
    run()


if __name__ == "__main__":
    main()
