"""The server that workers' processes are forked from: it has imported already what a worker needs."""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing import forkserver, resource_tracker

CHILD = "app.scenario.child"

# Importing what a worker needs takes some 4 s, most of it the model's SDK: a server does it once and forks.
forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload([CHILD])


def warm_up() -> None:
    """Start the server, if there is none, so that its imports go on beside those of whoever will want a process.

    Ctrl-C is for the teller alone, who ends what he has begun: a process of ours inherits that it hears nothing of it.
    """
    resource_tracker.ensure_running()  # begun by the server's start, it would unblock what is blocked here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
