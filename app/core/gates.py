"""The gates: whether a matured intent may become a nudge now, later, or not at all; every answer is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec

from agents.contract import Candidate, Defer, Intent, StandDown
from app.core import interruptions
from app.core.interruptions import IGNORED_AFTER
from app.core.ledger import Ledger
from app.core.local_time import local_day, next_midnight, quiet_ends
from app.core.row import WEEK
from topics.passes import GateAnswer
from topics.user_events import QuietHours

PAUSED_LOOK = timedelta(minutes=15)
EVERYBODY = "*"
_IGNORED = "ignored_before"
_NEVER = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)


class Expire(msgspec.Struct, frozen=True):
    """The intent's time ran out while it waited."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """What the gates say about one intent, together."""

    intent: Intent
    answer: Candidate | Defer | StandDown | Expire
    gates: tuple[GateAnswer, ...]


def _said(gate: str, answer: Defer | StandDown | Expire | None) -> GateAnswer:
    match answer:
        case None:
            return _passes(gate)
        case Defer():
            return GateAnswer(gate=gate, answer="defer", until=answer.until, reason=answer.reason)
        case StandDown():
            return GateAnswer(gate=gate, answer="stand_down", reason=answer.reason)
        case Expire():
            return GateAnswer(gate=gate, answer="stand_down", reason="expired")


@cache
def _passes(gate: str) -> GateAnswer:
    return GateAnswer(gate=gate, answer="pass")


# Eligibility and applicability: before anything is read


def admission(ledger: Ledger, intent: Intent, paused: frozenset[str], now: datetime) -> Weighed | None:
    """Consent, pause, holdout, expiry and lateness; None when all of them pass."""
    gates: list[GateAnswer] = []
    for gate, ask in _BEFORE_READING:
        answer = ask(ledger, intent, paused, now)
        gates.append(_said(gate, answer))
        if answer is not None:
            return Weighed(intent=intent, answer=answer, gates=tuple(gates))
    return None


def _consent(ledger: Ledger, intent: Intent, _paused: frozenset[str], _now: datetime) -> StandDown | None:
    return None if ledger.row.granted(intent.agent) else StandDown(reason="no_consent")


def _paused(
    _ledger: Ledger, intent: Intent, paused: frozenset[str], now: datetime
) -> Defer | StandDown | None:
    if intent.agent not in paused and EVERYBODY not in paused:
        return None
    if now >= intent.expires_at:
        return StandDown(reason="paused")
    return Defer(until=min(now + PAUSED_LOOK, intent.expires_at), reason="paused")


def _holdout(ledger: Ledger, _intent: Intent, _paused: frozenset[str], _now: datetime) -> StandDown | None:
    return StandDown(reason="holdout") if ledger.held_out else None


def _expiry(_ledger: Ledger, intent: Intent, _paused: frozenset[str], now: datetime) -> Expire | None:
    return Expire() if now >= intent.expires_at else None


def _lateness(ledger: Ledger, intent: Intent, _paused: frozenset[str], now: datetime) -> StandDown | None:
    # What we hold ourselves is not late: its own limit is `reading.hold`.
    late = intent.held_since is None and now - intent.ripe_at > ledger.policy.catch_up.late_by
    return StandDown(reason="too_late") if late else None


_Admits = Callable[[Ledger, Intent, frozenset[str], datetime], Defer | StandDown | Expire | None]
_BEFORE_READING: tuple[tuple[str, _Admits], ...] = (
    ("consent", _consent),
    ("paused", _paused),
    ("holdout", _holdout),
    ("expiry", _expiry),
    ("lateness", _lateness),
)


# Suitability and contact: once it is verified


def weigh(ledger: Ledger, intent: Intent, now: datetime) -> Weighed:
    """Ask the intent's agent and every gate of contact; together they say speak, wait until, or be silent."""
    row, policy = ledger.row, ledger.policy
    relevance = ledger.roster.by_name[intent.agent].candidate(row, intent, now, policy)
    said = None if isinstance(relevance, Candidate) else relevance
    gates = [_said("relevance", said)]
    if isinstance(relevance, StandDown):
        return Weighed(intent=intent, answer=relevance, gates=tuple(gates))
    waits: list[Defer] = []
    if isinstance(relevance, Defer):
        waits.append(msgspec.structs.replace(relevance, until=relevance.until.astimezone(UTC)))
    for gate, until_after in _WAITS:
        further = until_after(ledger, now)
        gates.append(_said(gate, further))
        if further is not None:
            waits.append(further)
    for gate, ask in (("ignored_before", _ignored_before), ("interruptions", _interruptions)):
        ignored = ask(ledger, intent, now)
        gates.append(_said(gate, ignored))
        if ignored is not None:
            return Weighed(intent=intent, answer=ignored, gates=tuple(gates))
    if waits:
        return Weighed(intent=intent, answer=_together(ledger, intent, waits), gates=tuple(gates))
    return Weighed(intent=intent, answer=relevance, gates=tuple(gates))


def _together(ledger: Ledger, intent: Intent, waits: list[Defer]) -> Defer | StandDown:
    """The latest of the deferrals, and from the end of a cap on to the end of the night; or silence.

    The first gate whose own deferral reaches the expiry names the reason; where none does alone, the last one.
    """
    for wait in waits:
        if wait.until >= intent.expires_at:
            return StandDown(reason=wait.reason)
    last = max(waits, key=_until)
    if last.reason == "frequency_capped":
        last = _quiet_hours(ledger, last.until) or last
    return StandDown(reason=last.reason) if last.until >= intent.expires_at else last


def _until(wait: Defer) -> datetime:
    return wait.until


def _person_active(ledger: Ledger, at: datetime) -> Defer | None:
    until = ledger.row.active_until
    return Defer(until=until, reason="person_active") if until is not None and until > at else None


def _quiet_hours(ledger: Ledger, at: datetime) -> Defer | None:
    row, policy = ledger.row, ledger.policy
    hours = row.quiet_hours or QuietHours(policy.quiet_hours.start, policy.quiet_hours.end)
    until = quiet_ends(at, row.zone(policy.default_timezone), hours)
    return Defer(until=until, reason="quiet_hours") if until > at else None


def _per_day(ledger: Ledger, at: datetime) -> Defer | None:
    zone = ledger.row.zone(ledger.policy.default_timezone)
    today = local_day(at, zone)
    count = sum(local_day(nudge.at, zone) == today for nudge in ledger.row.nudges)
    if count < ledger.policy.caps.per_day:
        return None
    return Defer(until=next_midnight(at, zone), reason="frequency_capped")


def _per_week(ledger: Ledger, at: datetime) -> Defer | None:
    cap = ledger.policy.caps.per_week
    recent = sorted(nudge.at for nudge in ledger.row.nudges if nudge.at > at - WEEK)
    if len(recent) < cap:
        return None
    return Defer(until=recent[-cap] + WEEK if cap else _NEVER, reason="frequency_capped")


def _min_gap(ledger: Ledger, at: datetime) -> Defer | None:
    if not ledger.row.nudges:
        return None
    until = max(nudge.at for nudge in ledger.row.nudges) + ledger.policy.min_gap
    return Defer(until=until, reason="min_gap") if until > at else None


_WAITS: tuple[tuple[str, Callable[[Ledger, datetime], Defer | None]], ...] = (
    ("person_active", _person_active),
    ("quiet_hours", _quiet_hours),
    ("per_day", _per_day),
    ("per_week", _per_week),
    ("min_gap", _min_gap),
)


def _ignored_before(ledger: Ledger, intent: Intent, now: datetime) -> StandDown | None:
    """The agent's last nudge is older than 24 h, and no activity followed it."""
    if ledger.policy.agent(intent.agent).even_if_ignored:
        return None
    last = next((nudge for nudge in reversed(ledger.row.nudges) if nudge.agent == intent.agent), None)
    if last is None or last.answered or now - last.at <= IGNORED_AFTER:
        return None
    return StandDown(reason="ignored_before")


def _interruptions(ledger: Ledger, intent: Intent, now: datetime) -> StandDown | None:
    """Several of this week's nudges were ignored, whoever sent them, and none was replied to since."""
    if ledger.policy.agent(intent.agent).even_if_ignored:
        return None
    spent = interruptions.are_spent(ledger.row.nudges, now, ledger.policy)
    return StandDown(reason=_IGNORED) if spent else None
