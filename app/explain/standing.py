"""How a person stands with us now: what may be sent, and what keeps it back."""

from __future__ import annotations

from datetime import datetime

import msgspec

from app.core.interruptions import ignored_this_week
from app.core.local_time import local_day, quiet_ends
from app.core.policy import Policy
from app.core.row import WEEK, Row
from topics.user_events import QuietHours


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of nudges against the policy's caps, and until when each thing keeps the next one back."""

    today: int
    per_day: int
    this_week: int
    per_week: int
    gap_until: datetime | None
    quiet_until: datetime | None
    active_until: datetime | None
    quiet_hours: QuietHours
    quiet_hours_are_theirs: bool
    timezone: str
    calls_today: int
    calls_per_day: int
    ignored_this_week: int
    ignored_per_week: int


def standing(row: Row, policy: Policy, now: datetime) -> Standing:
    """As the gates would see it now."""
    zone = row.zone(policy.default_timezone)
    today = local_day(now, zone)
    hours = row.quiet_hours or QuietHours(policy.quiet_hours.start, policy.quiet_hours.end)
    gap = max((nudge.at for nudge in row.nudges), default=None)
    return Standing(
        today=sum(local_day(nudge.at, zone) == today for nudge in row.nudges),
        per_day=policy.caps.per_day,
        this_week=sum(nudge.at > now - WEEK for nudge in row.nudges),
        per_week=policy.caps.per_week,
        gap_until=_ahead(None if gap is None else gap + policy.min_gap, now),
        quiet_until=_ahead(quiet_ends(now, zone, hours), now),
        active_until=_ahead(row.active_until, now),
        quiet_hours=hours,
        quiet_hours_are_theirs=row.quiet_hours is not None,
        timezone=row.timezone or policy.default_timezone,
        calls_today=row.budget_calls if row.budget_day == today.isoformat() else 0,
        calls_per_day=policy.budget.calls_per_person_per_day,
        ignored_this_week=ignored_this_week(row.nudges, now, policy),
        ignored_per_week=policy.budget.ignored_per_week,
    )


def _ahead(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at > now else None
