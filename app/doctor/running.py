"""A worker that runs at TACTFUL_HTTP: whether it is ready, and whether it decides by the policy that is set here."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from app.doctor.faults import deployment as faults
from app.doctor.finding import Finding, fine
from app.outside.running import THERE_WITHIN_S, reached_at
from app.setting_groups import HttpSettings

_POLICY = re.compile(r'^tactful_build_info\{[^}]*policy="([0-9a-f]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Running:
    """What a worker says of itself."""

    ready: bool
    reasons: tuple[str, ...]
    policy: str


async def running(http: HttpSettings) -> Running | None:
    """The worker that answers there, on whichever log; None when none does."""
    if http.port == 0:
        return None
    return await asyncio.to_thread(_asked, http)


def told(http: HttpSettings, worker: Running, policy: str) -> Iterator[Finding]:
    """`policy`: the version of the one that is set here."""
    if worker.ready:
        yield fine("worker", f"the worker at {http.listen} is ready")
    else:
        yield faults.WORKER_UNREADY.found(
            f"the worker at {http.listen} is not ready: {'; '.join(worker.reasons) or 'it does not say why'}"
        )
    if worker.policy and worker.policy != policy:
        yield faults.WORKER_OTHER_POLICY.found(
            f"the worker at {http.listen} decides by policy {worker.policy}, and the one set here is {policy}"
        )


def _asked(http: HttpSettings) -> Running | None:
    try:
        ready = json.loads(_got(http, "/readyz"))
        found = _POLICY.search(_got(http, "/metrics").decode(errors="replace"))
        return Running(bool(ready["ready"]), tuple(map(str, ready["reasons"])), found[1] if found else "")
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None  # nobody, or somebody else, which `address` says


def _got(http: HttpSettings, path: str) -> bytes:
    connection = HTTPConnection(*reached_at(http), timeout=THERE_WITHIN_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(1024 * 1024)
    finally:
        connection.close()
