"""Whether a local copy of a partition's rows may go on following its changelog, or begins anew."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from app.drivers.local_rows import LocalRows
from topics.state import NUDGE_STATE

log = logging.getLogger("tactful.takeover")

TRUSTED_FOR = timedelta(milliseconds=int(NUDGE_STATE.settings["delete.retention.ms"])) / 2
"""A local copy that followed the changelog longer ago may have missed a tombstone."""


def trusted(rows: LocalRows, *, beginning: int, end: int, origin: str | None) -> int | None:
    """Where the local copy may go on following the changelog; None when it cannot be trusted.

    One that does not know where it comes from was made by a version that did not note it.
    """
    position, followed_at = rows.position, rows.followed_at
    if position is None or followed_at is None:
        return None
    if origin is not None and rows.origin not in {None, origin}:
        log.warning(
            "%s is the copy of another changelog (another cluster, or a topic that was deleted since): it is "
            "wiped and restored",
            rows.store.path,
        )
        return None
    if time.time() - followed_at > TRUSTED_FOR.total_seconds():
        return None
    return position if beginning <= position <= end else None
