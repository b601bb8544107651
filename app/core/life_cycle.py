"""The life of an intent, as one table that a reader can check by eye."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from agents.contract import Intent

Status = Literal["new", "open", "maturing", "due"]
End = Literal["nudged", "stood_down", "revoked", "expired", "failed"]
Action = Literal[
    "opened",
    "refused",
    "woken",
    "unheard",
    "matured",
    "too_early",
    "moved",
    "deferred",
    "held",
    "revoked",
    "expired",
    "stood_down",
    "sent",
    "defect",
]

TRANSITIONS: dict[str, dict[str, str]] = {
    # An intent that may not be (no consent, muted, one too many) opens and closes in one step.
    "new": {"opened": "open", "refused": "stood_down"},
    "open": {
        "woken": "maturing",  # its maturity event is in this commit
        "moved": "open",
        "refused": "stood_down",  # moved where the row has no room, or too often
        "revoked": "revoked",
        "expired": "expired",
    },
    "maturing": {
        "matured": "due",  # its maturity event was read: a candidate in this pass
        "too_early": "open",  # read before its time, by a clock that was ahead: same due time
        "unheard": "maturing",  # 15 min without its event: written again
        "moved": "open",
        "revoked": "revoked",
        "expired": "expired",
    },
    "due": {
        "deferred": "open",  # by a gate, outranked, or overtaken at the last look
        "held": "due",  # unread or unverified: asked again by its own timer
        "moved": "open",
        "revoked": "revoked",
        "expired": "expired",
        "stood_down": "stood_down",
        "sent": "nudged",
        "defect": "failed",
    },
}

ENDS = frozenset({"nudged", "stood_down", "revoked", "expired", "failed"})
# Whoever waits for an older version is told nothing: a maturity event names the version that it wakes.
_NEW_VERSION = frozenset({"too_early", "deferred"})


class ImpossibleTransition(Exception):
    """An action that the table does not know for this status: a defect in the code, never in an event."""


def after(status: str, action: Action) -> str:
    """The status, or the end, that follows; ImpossibleTransition when the table has no such pair."""
    try:
        return TRANSITIONS[status][action]
    except KeyError:
        raise ImpossibleTransition(f"an intent that is {status} cannot be {action}") from None


def step(intent: Intent, action: Action, **changes: object) -> Intent:
    """The intent after an action that keeps it alive, with the changes that come with it."""
    status = after(intent.status, action)
    if status in ENDS:
        raise ImpossibleTransition(f"{action} ends an intent: close it instead")
    version = intent.version + 1 if action in _NEW_VERSION else intent.version
    return msgspec.structs.replace(intent, status=status, version=version, **changes)


def moved(intent: Intent, due_at: datetime, expires_at: datetime, **changes: object) -> Intent:
    """The intent with another planned time: nothing of its waiting so far stands."""
    status, version = after(intent.status, "moved"), intent.version + 1
    if intent.deferred_by or intent.held_since is not None or intent.looks:
        intent = msgspec.structs.replace(intent, deferred_by="", held_since=None, looks=0)
    return msgspec.structs.replace(  # not by `step`: a person's every activity comes here
        intent,
        status=status,
        version=version,
        due_at=due_at,
        ripe_at=due_at,
        wake_at=due_at,
        expires_at=expires_at,
        **changes,
    )


def deferred(intent: Intent, until: datetime, reason: str) -> Intent:
    """The intent put off by us until `until`: its planned time stays, lateness counts from the end of the deferral."""
    return step(
        intent, "deferred", ripe_at=max(until, intent.ripe_at), wake_at=until, deferred_by=reason, looks=0
    )


def reopened(intent: Intent, wake_at: datetime, reason: str = "") -> Intent:
    """The intent given back undecided (overtaken, or its better fell silent): it is as late as it was before."""
    return step(intent, "deferred", wake_at=wake_at, deferred_by=reason, looks=0)
