"""What must be true of every outcome."""

from __future__ import annotations

from app.core.policy import Policy
from tests.simulation.book import Book, Outcome
from tests.simulation.brittle import NAME as BRITTLE
from tests.simulation.broken import Broken
from tests.simulation.model import CLOSED_BY, OUTCOMES
from tests.simulation.owner import ATTEMPTS

# How an intent ends in the step that opened it: these say nothing about its due time.
_AT_ONCE = frozenset({"no_consent", "muted", "too_many"})


def check(one: Outcome, book: Book, policy: Policy) -> None:
    """What it says fits the log, the vocabulary and the plan as it was."""
    how = f"{book.user}: {one.agent}'s {one.subject!r} {one.outcome} / {one.reason}"
    if one.reason not in OUTCOMES.get(one.outcome, ()):
        raise Broken("vocabulary", how)
    if one.outcome == "failed" and BRITTLE not in {one.agent, *(plan.agent for plan in book.plans.values())}:
        raise Broken("defect", f"{how}, and nobody there is brittle")
    approaches = [attempt["approach"] for attempt in one.attempts]
    if len(approaches) > ATTEMPTS or len(set(approaches)) < len(approaches):
        raise Broken("I6", f"{how} after attempts by {approaches}")
    _provenance(one, book, policy, how)
    _time(one, book, policy, how)


def _provenance(one: Outcome, book: Book, policy: Policy, how: str) -> None:
    place = None if one.closed_by is None else book.index.get(one.closed_by.offset)
    if one.closed_by is not None and (place is None or place >= book.done):
        raise Broken("provenance", f"{how} by offset {one.closed_by.offset}, which is not theirs or not done")
    if one.outcome == "revoked":
        event_type = None if place is None else book.log[place].type
        if event_type is None or event_type not in CLOSED_BY.get(one.reason, (event_type,)):
            raise Broken("provenance", f"{how} by {event_type}")
    if one.evidence is not None and one.evidence.verdict and one.evidence.confidence < policy.reading.sure:
        raise Broken("sure", f"{how} with confidence {one.evidence.confidence}")


def _time(one: Outcome, book: Book, policy: Policy, how: str) -> None:
    """I5: it was woken by a maturity event, when it was due; what lost could not have waited for its turn."""
    plan = book.plans.get(one.intent_id)
    stood_down = one.outcome == "stood_down" and one.reason not in _AT_ONCE
    if stood_down or one.outcome in {"nudged", "expired"}:
        # What was held had come due by an earlier owner's clock.
        early = one.closed_at < one.due_at and not (plan is not None and plan.status == "due")
        if one.matured_by is None or early:
            raise Broken("I5", f"{how} at {one.closed_at}, due at {one.due_at}, woken by {one.matured_by}")
    if one.reason == "outranked" and plan is not None and one.closed_at + policy.min_gap < plan.expires_at:
        raise Broken("outranked", f"{how}, although it lasts until {plan.expires_at}")
