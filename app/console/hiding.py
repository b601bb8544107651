"""Nobody's words where nobody asked for them: a person's traces with every text replaced, before any page sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from agents.contract import Intent
from app.console.values import HIDDEN
from app.core.row import Row
from app.explain.person import Traces
from topics.decode import decode
from topics.encode import event_record
from topics.outcomes import Evidence, Outcome
from topics.passes import Pass, PassAsk
from topics.record import Record
from topics.user_events import Event, Receipt

WORDS = frozenset({"subject", "text", "title", "quote", "problems", "name"})
"""Keys of an answer of the model whose values are words."""


def hidden(traces: Traces) -> Traces:
    """The same story without a word of the person, for them, or about them; messages are left to `event_seen`."""
    return replace(
        traces,
        events=[_event(each) for each in traces.events],
        row=None if traces.row is None else _row(traces.row),
        outcomes=[_outcome(each) for each in traces.outcomes],
        nudges=[
            replace(each, subject=_subject(each.subject, each.intent_id), text=_words(each.text))
            for each in traces.nudges
        ],
        passes=[_pass(each) for each in traces.passes],
    )


def _event(record: Record) -> Record:
    """A delivery service says why in words of its own choosing."""
    event = decode(record, agents=frozenset())
    if not (isinstance(event, Event) and isinstance(event.data, Receipt) and event.data.reason):
        return record
    plain = event_record(
        user_id=event.user_id,
        event_id=event.id,
        source=event.source,
        event_type=event.type,
        data=replace(event.data, reason=HIDDEN),
        timestamp_ms=record.timestamp_ms,
        time=event.time,
    )
    return replace(record, value=plain.value, headers=())


def _words(text: str) -> str:
    return HIDDEN if text else ""


def _subject(subject: str, intent_id: str) -> str:
    """Plans stay apart from each other without their subjects."""
    return f"plan {intent_id[:4]}" if subject else ""


def _row(row: Row) -> Row:
    shown = row.working_copy()
    shown.name = _words(row.name)
    shown.intents = {name: _intent(each) for name, each in row.intents.items()}
    shown.sent_nudges = tuple(replace(each, intent=_intent(each.intent)) for each in row.sent_nudges)
    shown.items = {}
    shown.mutes = {f"{HIDDEN} {number}": until for number, until in enumerate(row.mutes.values(), start=1)}
    shown.last_text = ""
    return shown


def _intent(intent: Intent) -> Intent:
    return replace(
        intent, subject=_subject(intent.subject, intent.intent_id), subject_key="", words="", exit_on=()
    )


def _outcome(outcome: Outcome) -> Outcome:
    return replace(
        outcome,
        subject=_subject(outcome.subject, outcome.intent_id),
        evidence=None if outcome.evidence is None else _evidence(outcome.evidence),
        attempts=tuple(replace(each, problems=(HIDDEN,) * len(each.problems)) for each in outcome.attempts),
    )


def _evidence(evidence: Evidence) -> Evidence:
    return replace(evidence, quote=_words(evidence.quote))


def _pass(looked: Pass) -> Pass:
    return replace(looked, text=_words(looked.text), asks=tuple(_ask(each) for each in looked.asks))


def _ask(ask: PassAsk) -> PassAsk:
    return replace(ask, answer=_answer(ask.answer))


def _answer(answer: Any, key: str = "") -> Any:
    if isinstance(answer, Mapping):
        return {name: _answer(value, name) for name, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [_answer(each, key) for each in answer]
    return HIDDEN if key in WORDS and answer else answer
