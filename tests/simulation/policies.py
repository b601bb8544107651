"""The policies that histories run under: short times in most of them, so that much happens within a few moves."""

from __future__ import annotations

from functools import cache
from typing import Any

from app.core.policy import Policy, laid_over, parse

_BRISK: dict[str, Any] = {
    "quiet_hours": {"start": "00:00", "end": "00:00"},
    "caps": {"per_day": 12, "per_week": 30},
    "min_gap": "30m",
    "active_within": "2m",
    "settle": {"quiet": "30s", "at_most": "2m"},
    "agents": {
        "follow_up": {"delay": "2h", "expires_after": "12h"},
        "curiosity": {"delay": "3h"},
        "re_engagement": {"silent_for": "1d"},
        "brittle": {"priority": 50, "expires_after": "8h"},
    },
}

DOCUMENTS: dict[str, dict[str, Any]] = {
    "default": {"default_timezone": "Europe/Madrid"},
    "brisk": _BRISK,
    "gapless": laid_over(
        _BRISK, {"min_gap": "1s", "active_within": "0s", "caps": {"per_day": 100, "per_week": 300}}
    ),
    "capped": laid_over(_BRISK, {"caps": {"per_day": 1, "per_week": 2}}),
    "judged": laid_over(_BRISK, {"quality": {"judge": "model"}}),
    "each": laid_over(_BRISK, {"reading": {"when": "each", "hold": "20m", "per_message": 1}}),
    "at maturity": laid_over(
        _BRISK, {"reading": {"when": "maturity", "hold": "2h"}, "budget": {"ignored_per_week": 1}}
    ),
    "poor": laid_over(_BRISK, {"budget": {"calls_per_person_per_day": 3}}),
    "held out": laid_over(_BRISK, {"holdout": {"share": 0.5, "salt": "salt"}}),
    "silent": laid_over(
        _BRISK,
        {
            "catch_up": {"late_by": "20m"},
            "budget": {"ignored_per_week": 2},
            "agents": {"follow_up": {"fallback": "silence"}, "calendar": {"mode": "shadow"}},
        },
    ),
}

# Half of the histories have the policy in which most can happen.
CHOICE = ("brisk", "brisk", "brisk", "brisk", "gapless", "gapless", *DOCUMENTS)


@cache
def policy(name: str) -> Policy:
    """The policy of a history."""
    return parse(DOCUMENTS[name])
