"""A decision as two runs can be compared by it: what became of one plan, when, and what the gates said on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from app.backtest.record import Person, Recorded
from app.backtest.retold import Retold
from topics.nudges import Nudge
from topics.outcomes import Outcome
from topics.passes import GateAnswer, Pass, PassCandidate

Fate = Literal["sent", "silent", "open"]


class Look(msgspec.Struct, frozen=True):
    """One time that a plan was a candidate."""

    at: datetime
    gates: tuple[GateAnswer, ...]
    winner: str
    """The plan that won this pass; empty when none did."""
    priority: int
    shadowed: bool
    asked: bool


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a plan. `open`: nothing by the record's end."""

    user_id: str
    intent_id: str
    agent: str
    subject: str = ""
    fate: Fate
    outcome: str = ""
    reason: str = ""
    at: datetime | None = None
    due_at: datetime | None = None
    text: str = ""
    written_by: str = ""
    outranked_by: str = ""
    recalled_at: datetime | None = None
    waits_until: datetime | None = None
    """When a plan that is open at the record's end is looked at next, and why not before; of this run alone."""
    waits_for: str = ""
    looks: Sequence[Look] = ()


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """All that one run decided about a person: by plan, and in which order the plans closed."""

    decisions: Mapping[str, Decision]
    order: Sequence[str]


def recorded(person: Person, whole: Recorded) -> Side:
    """What the record says; without `nudge-outcome` only what the traces show: who won and who stood down."""
    looks = _looks(person.passes)
    if whole.has_outcomes:
        return _from_outcomes(person.user_id, person.outcomes, person.nudges, looks)
    return _from_traces(person, looks)


def again(user_id: str, retold: Retold) -> Side:
    """What was decided this time, and until when the plans wait that are open at the record's end."""
    side = _from_outcomes(user_id, retold.outcomes, retold.nudges, _looks(retold.passes))
    waiting = {}
    for one in retold.still_open:
        seen = side.decisions.get(one.intent_id)
        waiting[one.intent_id] = Decision(
            user_id=user_id,
            intent_id=one.intent_id,
            agent=one.agent,
            subject=one.subject,
            fate="open",
            due_at=one.due_at,
            waits_until=one.wake_at,
            waits_for=one.deferred_by,
            looks=seen.looks if seen is not None else (),
        )
    return Side(decisions={**side.decisions, **waiting}, order=side.order)


def _looks(passes: Sequence[tuple[datetime, Pass]]) -> Mapping[str, list[tuple[PassCandidate, Look]]]:
    found: dict[str, list[tuple[PassCandidate, Look]]] = {}
    for _, traced in passes:
        for one in traced.candidates:
            look = Look(
                traced.now, one.gates, traced.winner, one.priority, bool(traced.text), bool(traced.asks)
            )
            found.setdefault(one.intent_id, []).append((one, look))
    return found


def _from_outcomes(
    user_id: str,
    outcomes: Sequence[Outcome],
    nudges: Sequence[Nudge],
    looks: Mapping[str, list[tuple[PassCandidate, Look]]],
) -> Side:
    said = {nudge.intent_id: nudge for nudge in nudges if nudge.kind == "nudge"}
    recalled = {nudge.intent_id: nudge.decided_at for nudge in nudges if nudge.kind == "recall"}
    decisions = {
        one.intent_id: Decision(
            user_id=one.user_id,
            intent_id=one.intent_id,
            agent=one.agent,
            subject=one.subject,
            fate="sent" if one.outcome == "nudged" else "silent",
            outcome=one.outcome,
            reason=one.reason,
            at=one.closed_at,
            due_at=one.due_at,
            text=said[one.intent_id].text if one.intent_id in said else "",
            written_by=one.written_by,
            outranked_by=one.outranked_by,
            recalled_at=recalled.get(one.intent_id),
            looks=[look for _, look in looks.get(one.intent_id, ())],
        )
        for one in outcomes
    }
    order = [one.intent_id for one in outcomes]
    for intent_id, seen in looks.items():
        if intent_id not in decisions:
            decisions[intent_id] = _still_open(user_id, intent_id, seen)
    return Side(decisions=decisions, order=order)


def _still_open(user_id: str, intent_id: str, seen: Sequence[tuple[PassCandidate, Look]]) -> Decision:
    looks = [look for _, look in seen]
    return Decision(user_id=user_id, intent_id=intent_id, agent=seen[-1][0].agent, fate="open", looks=looks)


def _from_traces(person: Person, looks: Mapping[str, list[tuple[PassCandidate, Look]]]) -> Side:
    """A winner without a text of its own in the trace was sent; a gate that said stand down closed its plan."""
    nudges = {nudge.intent_id: nudge for nudge in person.nudges if nudge.kind == "nudge"}
    recalled = {nudge.intent_id: nudge.decided_at for nudge in person.nudges if nudge.kind == "recall"}
    ended = {traced.now: at for at, traced in person.passes}
    decisions: dict[str, Decision] = {}
    for intent_id, seen in looks.items():
        one, look = seen[-1]
        nudge = nudges.get(intent_id)
        common = {
            "user_id": person.user_id,
            "intent_id": intent_id,
            "agent": one.agent,
            "looks": [each for _, each in seen],
        }
        last = one.gates[-1] if one.gates else None
        if look.winner == intent_id:
            at = nudge.decided_at if nudge is not None else ended[look.at]
            decisions[intent_id] = msgspec.convert(
                {
                    **common,
                    "fate": "silent" if look.shadowed else "sent",
                    "outcome": "stood_down" if look.shadowed else "nudged",
                    "reason": "shadow" if look.shadowed else "sent",
                    "at": at,
                    "text": nudge.text if nudge is not None else "",
                    "recalled_at": recalled.get(intent_id),
                },
                Decision,
            )
        elif last is not None and last.answer == "stand_down":
            decisions[intent_id] = msgspec.convert(
                {**common, "fate": "silent", "reason": last.reason, "at": look.at}, Decision
            )
        else:
            decisions[intent_id] = msgspec.convert({**common, "fate": "open"}, Decision)
    order = sorted(
        (one for one in decisions.values() if one.at is not None),
        key=lambda one: one.at or person.passes[0][0],
    )
    return Side(decisions=decisions, order=[one.intent_id for one in order])
