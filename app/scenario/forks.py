"""The server that workers' processes are forked from: it has imported already what a worker needs."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver

CHILD = "app.scenario.child"

# Importing what a worker needs takes some 4 s, most of it the model's SDK: a server does it once and forks.
forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload([CHILD])


def warm_up() -> None:
    """Start the server now, so that its imports go on beside those of whoever will want a process."""
    forkserver.ensure_running()
