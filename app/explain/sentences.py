"""A person's records as sentences, one for each decision, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from agents.contract import Intent
from app.explain.person import Traces
from app.explain.reasons import DEFERRED, because
from topics.decode import Undecodable, decode
from topics.nudges import Nudge
from topics.outcomes import Outcome
from topics.passes import GateAnswer, Pass, PassCandidate
from topics.record import Ref
from topics.user_events import Event, Receipt

RECEIPTS: Mapping[str, str] = {
    "nudge.delivered": "it was delivered",
    "nudge.failed": "it could not be delivered, and counts as not sent",
    "nudge.opened": "the person opened it",
    "nudge.replied": "the person replied",
    "nudge.dismissed": "the person dismissed it",
}
_ORDER = ("opened", "deferred", "passed_over", "closed", "recalled", "receipt")
"""What comes first of what bears the same time."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One decision, or what became of it."""

    at: datetime
    kind: str
    sentence: str
    agent: str
    intent_id: str
    nudge_id: str = ""
    outcome: str = ""
    reason: str = ""
    pass_id: str = ""
    details: tuple[str, ...] = ()


def told(traces: Traces, agents: frozenset[str]) -> list[Said]:
    """Everything that was decided about this person, as far as the topics still have it."""
    return sorted(_told(traces, agents), key=lambda said: (said.at, _ORDER.index(said.kind)))


def about(said: Iterable[Said], nudge_id: str) -> list[Said]:
    """Only what belongs to one nudge: its plan from the opening on, and what became of it."""
    every = list(said)
    intents = {each.intent_id for each in every if each.nudge_id == nudge_id}
    return [each for each in every if each.intent_id in intents]


def _told(traces: Traces, agents: frozenset[str]) -> Iterator[Said]:
    events = {(event.partition, event.offset): event for event in _understood(traces, agents)}
    subjects: dict[str, str] = {}
    for planned in (*traces.outcomes, *(traces.row.intents.values() if traces.row else ())):
        subjects[planned.intent_id] = planned.subject
        yield _opened(planned, events)
    ended = {(outcome.pass_id, outcome.intent_id) for outcome in traces.outcomes}
    for one in traces.passes:
        yield from _looked(one, subjects, ended)
    texts = {nudge.nudge_id: nudge for nudge in traces.nudges if nudge.kind == "nudge"}
    by_id = {one.pass_id: one for one in traces.passes}
    for outcome in traces.outcomes:
        yield _closed(outcome, texts.get(outcome.nudge_id), by_id.get(outcome.pass_id))
    for nudge in traces.nudges:
        if nudge.kind == "recall":
            yield _recalled(nudge)
    yield from _receipts(events.values(), texts)


def _understood(traces: Traces, agents: frozenset[str]) -> Iterator[Event]:
    for record in traces.events:
        event = decode(record, agents=agents)
        if not isinstance(event, Undecodable):
            yield event


def _opened(planned: Outcome | Intent, events: Mapping[tuple[int, int], Event]) -> Said:
    by = planned.opened_by
    event = events.get((by.partition, by.offset))
    why = f"{event.type} ({by.event_id})" if event is not None else f"the event {by.event_id}"
    return Said(
        at=planned.opened_at,
        kind="opened",
        sentence=f"{planned.agent} planned {_quoted(planned.subject)} for {_time(planned.due_at)}, because of {why}",
        agent=planned.agent,
        intent_id=planned.intent_id,
        details=(f"opened by {_place(by)}", *_waiting(planned)),
    )


def _waiting(planned: Outcome | Intent) -> Iterator[str]:
    """How a plan that is still open stands."""
    if isinstance(planned, Intent):
        yield f"still {planned.status}, looked at next {_time(planned.wake_at)}, expires {_time(planned.expires_at)}"
        if planned.held_since is not None:
            yield f"held since {_time(planned.held_since)}: it is not known whether it is settled already"


def _looked(one: Pass, subjects: Mapping[str, str], ended: set[tuple[str, str]]) -> Iterator[Said]:
    """What a pass left open; what it closed has its own sentence."""
    for candidate in one.candidates:
        if (one.pass_id, candidate.intent_id) in ended:
            continue
        subject = _quoted(subjects.get(candidate.intent_id, ""))
        kind, reason, sentence = _left_open(one, candidate, subject, ended)
        yield Said(
            at=one.now,
            kind=kind,
            sentence=sentence,
            agent=candidate.agent,
            intent_id=candidate.intent_id,
            reason=reason,
            pass_id=one.pass_id,
            details=(*_gates(candidate.gates), *_asks(one)),
        )


def _left_open(
    one: Pass, candidate: PassCandidate, subject: str, ended: set[tuple[str, str]]
) -> tuple[str, str, str]:
    """Kind, reason and sentence for a candidate that is still open after the pass."""
    agent = candidate.agent
    waits = [gate for gate in candidate.gates if gate.answer == "defer"]
    if waits:
        last = max(waits, key=_until)
        why = DEFERRED.get(last.reason, last.reason)
        return "deferred", last.reason, f"{agent} put {subject} off until {_time(_until(last))}: {why}"
    if one.winner:
        first = next((each.agent for each in one.candidates if each.intent_id == one.winner), "another agent")
        return "passed_over", "outranked", f"{agent} let {first} go first and keeps {subject} for later"
    fell_silent = any(pass_id == one.pass_id for pass_id, _ in ended)
    why = "what went before it fell silent" if fell_silent else "something new came in while it was written"
    return "passed_over", "", f"{agent} said nothing of {subject} yet: {why}"


def _until(gate: GateAnswer) -> datetime:
    return gate.until or datetime.min.replace(tzinfo=UTC)


def _closed(outcome: Outcome, nudge: Nudge | None, one: Pass | None) -> Said:
    candidate = None
    if one is not None:
        candidate = next((each for each in one.candidates if each.intent_id == outcome.intent_id), None)
    return Said(
        at=outcome.closed_at,
        kind="closed",
        sentence=_ending(outcome, nudge, one),
        agent=outcome.agent,
        intent_id=outcome.intent_id,
        nudge_id=outcome.nudge_id,
        outcome=outcome.outcome,
        reason=outcome.reason,
        pass_id=outcome.pass_id,
        details=(
            *(() if candidate is None else _gates(candidate.gates)),
            *_attempts(outcome),
            *(() if one is None else _asks(one)),
            *(f"{name} {_place(ref)}" for name, ref in _refs(outcome)),
            f"policy {outcome.policy_version}, pass {outcome.pass_id}",
        ),
    )


def _ending(outcome: Outcome, nudge: Nudge | None, one: Pass | None) -> str:
    agent, subject = outcome.agent, _quoted(outcome.subject)
    why = because(outcome.outcome, outcome.reason, outcome.outranked_by)
    match outcome.outcome:
        case "nudged":
            whose = "the model's words" if outcome.written_by == "model" else "its own words"
            text = "(its text is no longer on the topic)" if nudge is None else _quoted(nudge.text)
            return f"{agent} spoke about {subject}, in {whose}: {text}"
        case "stood_down":
            would = f": {_quoted(one.text)} would have been sent" if one is not None and one.text else ""
            return f"{agent} stayed silent about {subject}: {why}{would}"
        case "revoked":
            return f"{agent} gave {subject} up: {why}{_by_what(outcome)}"
        case "expired":
            return f"{agent} let {subject} go: {why}"
        case _:
            return f"{agent} failed with {subject}: {why}"


def _by_what(outcome: Outcome) -> str:
    evidence = outcome.evidence
    if evidence is not None and evidence.verdict:
        quote = f", {_quoted(evidence.quote)}" if evidence.quote else ""
        return f" (message {evidence.message_id or '?'}, sure to {evidence.confidence:.2f}{quote})"
    return f" ({outcome.closed_by.event_id})" if outcome.closed_by is not None else ""


def _recalled(nudge: Nudge) -> Said:
    return Said(
        at=nudge.decided_at,
        kind="recalled",
        sentence=f"{nudge.agent} took its words about {_quoted(nudge.subject)} back: a later event overtook them",
        agent=nudge.agent,
        intent_id=nudge.intent_id,
        nudge_id=nudge.nudge_id,
    )


def _receipts(events: Iterable[Event], texts: Mapping[str, Nudge]) -> Iterator[Said]:
    for event in events:
        if isinstance(event.data, Receipt) and (nudge := texts.get(event.data.nudge_id)) is not None:
            why = RECEIPTS[event.type] + (f" ({event.data.reason})" if event.data.reason else "")
            yield Said(
                at=event.time,
                kind="receipt",
                sentence=f"{nudge.agent} heard of its words about {_quoted(nudge.subject)}: {why}",
                agent=nudge.agent,
                intent_id=nudge.intent_id,
                nudge_id=nudge.nudge_id,
            )


def _gates(gates: Iterable[GateAnswer]) -> Iterator[str]:
    said = [
        f"{gate.gate} {gate.answer}"
        + (f" until {_time(gate.until)}" if gate.until is not None else "")
        + (f" ({gate.reason})" if gate.reason and gate.reason != gate.gate else "")
        for gate in gates
    ]
    if said:
        yield "gates: " + ", ".join(said)


def _attempts(outcome: Outcome) -> Iterator[str]:
    for attempt in outcome.attempts:
        problems = f": {'; '.join(attempt.problems)}" if attempt.problems else ""
        by = f"by {attempt.model or 'nobody'}, {attempt.seconds:.1f} s"
        yield f"attempt {attempt.approach}: {attempt.result} {by}{problems}"


def _asks(one: Pass) -> Iterator[str]:
    for ask in one.asks:
        what = ask.failed or _answer(ask.answer)
        yield f"asked the model ({ask.task}): {what}"


def _answer(answer: Any) -> str:
    return msgspec.json.encode(answer).decode()


def _refs(outcome: Outcome) -> Iterator[tuple[str, Ref]]:
    for name, ref in (
        ("opened by", outcome.opened_by),
        ("matured by", outcome.matured_by),
        ("closed by", outcome.closed_by),
    ):
        if ref is not None:
            yield name, ref


def _place(ref: Ref) -> str:
    return f"{ref.topic}-{ref.partition}@{ref.offset} ({ref.event_id})"


def _quoted(text: str) -> str:
    return f"“{text}”" if text else "(erased)"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
