"""The machine that a worker would run on: time zones, files, and the address it listens at."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.doctor.faults import deployment as faults
from app.doctor.finding import Finding, fine
from app.setting_groups import HttpSettings

FILES = 4_096
"""256 files for each of a dozen partitions, and room for connections."""
A_ZONE = "Europe/Madrid"


def machine() -> Iterator[Finding]:
    """Time zones, and how many files may be open."""
    try:
        ZoneInfo(A_ZONE)
    except ZoneInfoNotFoundError:
        yield faults.ZONES_MISSING.found(f"there is no time zone data here: {A_ZONE} is not found")
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and files < FILES:
        yield faults.FEW_FILES.found(f"a process may open {files:,} files here")


def address(http: HttpSettings) -> Iterator[Finding]:
    """Whether a worker could listen there; asked only where none does."""
    if http.port == 0:
        return
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((http.host, http.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                yield faults.HTTP_TAKEN.found(f"another process listens at {http.listen}, and is no worker")
            else:
                yield faults.HTTP_ELSEWHERE.found(f"{http.listen} cannot be had: {error.strerror or error}")
            return
    yield fine("http", f"a worker could listen at {http.listen}")
