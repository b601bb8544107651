"""What interruptions a person bears: a nudge that nobody stirred for draws on a budget, and a reply fills it again."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from app.core.policy import Policy
from app.core.row import WEEK, PastNudge

Nudges = tuple[PastNudge, ...]

IGNORED_AFTER = timedelta(hours=24)
"""So long a nudge may wait for its person to stir; exactly as long is not longer."""


def stirred(nudges: Nudges, at: datetime) -> Nudges:
    """Activity answers every nudge; those that had waited longer than a day were ignored all the same."""
    if all(nudge.answered for nudge in nudges):
        return nudges
    return tuple(
        nudge
        if nudge.answered
        else replace(nudge, answered=True, ignored=nudge.ignored or at - nudge.at > IGNORED_AFTER)
        for nudge in nudges
    )


def replied(nudges: Nudges) -> Nudges:
    """Who replies wants to be written to: nothing that was ignored before counts any more."""
    if not any(nudge.ignored for nudge in nudges):
        return nudges
    return tuple(replace(nudge, ignored=False) for nudge in nudges)


def received(nudges: Nudges, receipt: str, nudge_id: str) -> Nudges:
    """What became of one nudge: failed, it was none; dismissed, it is ignored; opened, however late, it is not."""
    match receipt:
        case "nudge.failed":
            return tuple(nudge for nudge in nudges if nudge.nudge_id != nudge_id)
        case "nudge.replied":
            return replied(nudges)
        case "nudge.dismissed" | "nudge.opened":
            ignored = receipt == "nudge.dismissed"
            return tuple(
                replace(nudge, ignored=ignored) if nudge.nudge_id == nudge_id else nudge for nudge in nudges
            )
        case _:
            return nudges


def ignored_this_week(nudges: Nudges, now: datetime, policy: Policy) -> int:
    """How many nudges of the last 168 hours were ignored; those that nobody is expected to answer count not."""
    return sum(
        nudge.ignored or (not nudge.answered and now - nudge.at > IGNORED_AFTER)
        for nudge in nudges
        if nudge.at > now - WEEK and not policy.agent(nudge.agent).even_if_ignored
    )


def are_spent(nudges: Nudges, now: datetime, policy: Policy) -> bool:
    """Whether as many were ignored as the budget has."""
    return ignored_this_week(nudges, now, policy) >= policy.budget.ignored_per_week
