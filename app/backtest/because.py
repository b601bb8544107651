"""Why a plan ended otherwise: the first place where its two histories part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.backtest.decisions import Decision, Look, Side
from topics.passes import GateAnswer

Reason = tuple[str, str]
"""The gate or rule, and a sentence about it."""
UNANSWERED = (
    "no recorded answer",
    "the model was asked what the record has no answer to, and the rules decided alone",
)
_WORDS = frozenset({"model_unavailable", "quality_below_bar", "budget_exhausted"})
_BY_ANSWERS = frozenset({"unknown", "reading", "composing", "opening"})
"""What a lacking answer may be behind."""


def because(
    was: Decision | None, now: Decision | None, after: Side, unanswered_from: datetime | None
) -> Reason:
    """The gate or rule that changed; what no answer was recorded for is said to be that."""
    found = _parted(was, now, after) if was is not None and now is not None else None
    rule = found or next(_otherwise(was, now))
    asked_before = unanswered_from is not None and (
        now is None or now.at is None or unanswered_from <= now.at
    )
    return UNANSWERED if asked_before and rule[0] in _BY_ANSWERS else rule


def _parted(was: Decision, now: Decision, after: Side) -> Reason | None:
    """Look by look: a gate that says another thing, another priority, another winner."""
    if was.due_at is not None and now.due_at is not None and was.due_at != now.due_at:
        return "plan", f"it was planned for {time(was.due_at)} and is planned for {time(now.due_at)}"
    for before, later in zip(was.looks, now.looks, strict=False):
        gate = _gate_that_parts(before, later)
        if gate is not None:
            return gate
        if before.priority != later.priority and lost(now, later) != lost(was, before):
            return "priority", f"its priority was {before.priority} and is {later.priority}"
        if lost(now, later) and before.shadowed != later.shadowed:
            return (
                "mode",
                f"what won its pass is {'in shadow now' if later.shadowed else 'in shadow no more'}",
            )
        outranked = _outranked(now, before, later, after)
        if outranked is not None:
            return outranked
    return None


def _otherwise(was: Decision | None, now: Decision | None) -> Iterator[Reason]:
    """What no look tells: the first of these is the reason."""
    if was is None:
        yield "opening", "the record has no such plan: another event or answer opened it"
    elif now is None:
        yield "opening", "no such plan was opened now: its event, its consent or its answer led elsewhere"
    else:
        reasons = {was.reason, now.reason}
        if "shadow" in reasons and was.reason != now.reason:
            yield "mode", f"{now.agent} is in shadow {'now' if now.reason == 'shadow' else 'no more'}"
        if now.outranked_by != was.outranked_by:
            yield (
                "arbitration",
                f"{now.outranked_by or 'nobody'} outranked it, not {was.outranked_by or 'nobody'}",
            )
        if len(was.looks) != len(now.looks):
            yield "plan", f"it came up {len(was.looks)} times in the record and {len(now.looks)} times now"
        if "unverified_still_open" in reasons:
            yield "reading", "what people wrote was read otherwise, or could not be read"
        if reasons & _WORDS:
            yield "composing", "the words were found otherwise, or not at all"
    yield "unknown", "no gate says why: an earlier difference of this person changed what was known of them"


def _gate_that_parts(before: Look, later: Look) -> Reason | None:
    """The first gate whose answers are not the same."""
    old = {gate.gate: gate for gate in before.gates}
    new = {gate.gate: gate for gate in later.gates}
    for name in dict.fromkeys([*(one.gate for one in later.gates), *(one.gate for one in before.gates)]):
        was, now = old.get(name), new.get(name)
        if _same(was, now):
            continue
        return name, f"{_gate_said(was)} in the record, {_gate_said(now)} now"
    return None


def _same(was: GateAnswer | None, now: GateAnswer | None) -> bool:
    """A gate that was not asked let the plan through, or an earlier one had ended it."""
    if was is None or now is None:
        return (was or now) is None or (was or now).answer == "pass"  # type: ignore[union-attr]  # one of them is there
    if (was.answer, was.reason) != (now.answer, now.reason):
        return False
    if was.until is None or now.until is None:
        return was.until is now.until
    return abs(was.until - now.until) <= timedelta(seconds=2)


def _gate_said(gate: GateAnswer | None) -> str:
    if gate is None or gate.answer == "pass":
        return "let it through"
    if gate.answer == "defer" and gate.until is not None:
        return f"put it off until {time(gate.until)}"
    return f"said no ({gate.reason})"


def _outranked(now: Decision, before: Look, later: Look, after: Side) -> Reason | None:
    """Another plan won the same pass."""
    if before.winner == later.winner:
        return None
    if later.winner and later.winner != now.intent_id:
        other = after.decisions.get(later.winner)
        name = other.agent if other is not None else later.winner
        theirs = next((look.priority for look in other.looks if look.at == later.at), None) if other else None
        higher = theirs is not None and theirs != later.priority
        numbers = f" (priority {theirs} against {later.priority})" if higher else ""
        return "arbitration", f"{name} won the pass{numbers}"
    if later.winner == now.intent_id:
        return "arbitration", "it wins the pass that it lost in the record"
    return None


def lost(one: Decision, look: Look) -> bool:
    return bool(look.winner) and look.winner != one.intent_id


def time(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
