"""Ports of the loopback for servers whose address has to be known before they start."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"
OURS = range(20_000, 32_000)
"""Below 32768, where Linux begins to give out ports to clients: none of them takes one that a killed broker left."""
CHANCE = random.SystemRandom()
"""Tests that run beside each other choose apart, whatever they seed."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, each another one."""
    found: list[int] = []
    with ExitStack() as closing:
        while len(found) < count:
            one, port = closing.enter_context(socket.socket()), CHANCE.choice(OURS)
            try:
                one.bind((LOOPBACK, port))
            except OSError:
                continue  # somebody has it
            found.append(port)
    return found


def free_port() -> int:
    """One port that nobody listens on now."""
    (port,) = free_ports(1)
    return port
