"""Arbitration: of all that could be said now, one thing is; every other learns why not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agents.contract import Candidate, Defer, StandDown
from app.core.gates import Weighed
from app.core.policy import Policy
from topics.text import fold


def ranked(weighed: Sequence[Weighed], policy: Policy) -> list[Weighed]:
    """The candidates, best first: priority, importance, earlier due (as last planned), earlier opened, id."""
    return sorted(
        (one for one in weighed if isinstance(one.answer, Candidate)), key=lambda one: _rank(one, policy)
    )


def _rank(one: Weighed, policy: Policy) -> tuple[int, float, datetime, int, str]:
    assert isinstance(one.answer, Candidate)
    intent = one.intent
    priority = policy.agent(intent.agent).priority
    return (-priority, -one.answer.importance, intent.due_at, intent.opened_by.offset, intent.intent_id)


def lost_to(loser: Weighed, winner: Weighed, now: datetime, policy: Policy) -> Defer | StandDown:
    """What becomes of a loser once the winner is sent."""
    if fold(loser.intent.subject) == fold(winner.intent.subject):
        return StandDown(reason="duplicate_subject")
    until = now + policy.min_gap
    if until >= loser.intent.expires_at:
        return StandDown(reason="outranked")
    return Defer(until=until, reason="outranked")
