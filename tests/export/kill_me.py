"""`python -m tests.export.kill_me N ARGUMENTS...`: `tactful`, killed by itself at its Nth step on the disk.

A step is what somebody else could see or find afterwards: a file that gets its name, goes, or is made durable.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.cli.main import run

left = int(sys.argv.pop(1))


def counted(step: Callable[..., Any]) -> Callable[..., Any]:
    """The same, until it is the last one."""

    def taken(*arguments: Any, **named: Any) -> Any:
        global left  # noqa: PLW0603 - one process, one count
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*arguments, **named)

    return taken


Path.rename = counted(Path.rename)  # type: ignore[method-assign]  # every rename is counted
Path.unlink = counted(Path.unlink)  # type: ignore[method-assign]  # as above
os.fsync = counted(os.fsync)
run()
