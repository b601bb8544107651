"""A person's page as a value: their row of the console's table, laid together with the reading of `tactful explain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from agents.contract import Intent
from app.console.event_seen import event_seen
from app.console.hiding import hidden
from app.console.person_row import PersonRow
from app.console.values import (
    HIDDEN,
    EventSeen,
    Note,
    NudgeSeen,
    PassSeen,
    PersonView,
    Plan,
    Profile,
    Struck,
)
from app.core.head import Head
from app.core.policy import Policy
from app.core.row import Row
from app.explain.person import Traces
from app.explain.reasons import DEFERRED, because
from app.explain.sentences import told
from app.explain.standing import standing
from app.outside.log import moment
from topics.nudges import NUDGES, Nudge
from topics.outcomes import NUDGE_OUTCOME, Outcome
from topics.passes import NUDGE_PASS, Pass
from topics.record import Record, Ref
from topics.user_events import USER_EVENTS, QuietHours

Kind = TypeVar("Kind", bound=msgspec.Struct)


def person_view(
    row: PersonRow,
    *,
    policy: Policy,
    agents: frozenset[str],
    now: datetime,
    shown: bool,
    partition: int | None = None,
    head: Head | None = None,
    notes: Sequence[Note] = (),
) -> PersonView:
    """The whole page; `head` tells what the worker has decided, and without `shown` no words are in it."""
    outcomes = decoded(row.of(NUDGE_OUTCOME.name), Outcome)
    nudges = decoded(row.of(NUDGES.name), Nudge)
    passes = decoded(row.of(NUDGE_PASS.name), Pass)
    traces = Traces(
        row=row.row(),
        events=row.of(USER_EVENTS.name),
        outcomes=[each for _, each in outcomes],
        nudges=[each for _, each in nudges],
        passes=[each for _, each in passes],
    )
    events = tuple(event_seen(each, agents=agents, shown=shown, head=head) for each in traces.events)
    if not shown:
        traces = hidden(traces)
    stands = traces.row
    by_place = {(event.ref.partition, event.ref.offset): event for event in events}
    return PersonView(
        user_id=row.user_id,
        now=now,
        zone=(stands.timezone if stands is not None else "") or policy.default_timezone,
        shown=shown,
        partition=partition,
        profile=None if stands is None or stands.is_stub else _profile(stands, policy),
        standing=None if stands is None or stands.is_stub else standing(stands, policy, now),
        erased_at=_erased_at(stands, row),
        events=events,
        plans=tuple(_plans(stands, traces.outcomes)),
        struck=tuple(_struck(traces.outcomes, by_place, shown=shown)),
        passes=tuple(
            PassSeen(ref=ref, looked=looked) for (ref, _), looked in zip(passes, traces.passes, strict=True)
        ),
        nudges=tuple(_nudges([ref for ref, _ in nudges], traces.nudges, events)),
        said=tuple(told(traces, agents)),
        notes=(*notes, *_own_notes(row, events, now)),
    )


def decoded(records: Iterable[Record], kind: type[Kind]) -> list[tuple[Ref, Kind]]:
    """What can be read; a record that was too large, or is of a meaning unknown here, is left out."""
    found = []
    decoder = msgspec.json.Decoder(kind)
    for record in records:
        try:
            value = decoder.decode(record.value or b"")
        except msgspec.DecodeError:
            continue
        found.append((Ref(record.topic, record.partition, record.offset, ""), value))
    return found


def _erased_at(stands: Row | None, row: PersonRow) -> datetime | None:
    if stands is not None and stands.erased_at is not None:
        return stands.erased_at
    return moment(row.erased_ms) if row.erased_ms else None


def _profile(row: Row, policy: Policy) -> Profile:
    hours = row.quiet_hours or QuietHours(policy.quiet_hours.start, policy.quiet_hours.end)
    return Profile(
        name=row.name,
        locale=row.locale,
        timezone=row.timezone,
        quiet_hours=hours,
        quiet_hours_are_theirs=row.quiet_hours is not None,
        consents=row.consents,
        mutes=row.mutes,
        last_activity=row.last_activity,
        active_until=row.active_until,
        unread_messages=len(row.unread),
        nudges_sent=row.nudges_sent,
    )


def _plans(row: Row | None, outcomes: Sequence[Outcome]) -> Iterator[Plan]:
    """Open ones by due time, then the closed, latest first; an outcome has the last word on a plan."""
    closed = {outcome.intent_id for outcome in outcomes}
    if row is not None:
        for intent in sorted(row.intents.values(), key=lambda each: (each.due_at, each.intent_id)):
            if intent.intent_id not in closed:
                yield _open_plan(row, intent)
    for outcome in sorted(outcomes, key=lambda each: each.closed_at, reverse=True):
        yield _closed_plan(outcome)


def _open_plan(row: Row, intent: Intent) -> Plan:
    return Plan(
        intent_id=intent.intent_id,
        agent=intent.agent,
        subject=intent.subject,
        status="held" if intent.held_since is not None else intent.status,
        opened_at=intent.opened_at,
        opened_by=intent.opened_by,
        due_at=intent.due_at,
        looked_at_next=intent.wake_at,
        expires_at=intent.expires_at,
        version=intent.version,
        importance=intent.importance,
        deferred_by=intent.deferred_by,
        deferred_because=DEFERRED.get(intent.deferred_by, intent.deferred_by),
        held_since=intent.held_since,
        unverified=row.unverified(intent),
        matured_by=intent.matured_by,
        model_calls=intent.spent.calls,
        input_tokens=intent.spent.input_tokens,
        output_tokens=intent.spent.output_tokens,
        cost_usd=intent.spent.cost_usd,
    )


def _closed_plan(outcome: Outcome) -> Plan:
    return Plan(
        intent_id=outcome.intent_id,
        agent=outcome.agent,
        subject=outcome.subject,
        status="closed",
        opened_at=outcome.opened_at,
        opened_by=outcome.opened_by,
        due_at=outcome.due_at,
        matured_by=outcome.matured_by,
        closed_at=outcome.closed_at,
        closed_by=outcome.closed_by,
        outcome=outcome.outcome,
        reason=outcome.reason,
        because=because(outcome.outcome, outcome.reason, outcome.outranked_by),
        evidence=outcome.evidence,
        nudge_id=outcome.nudge_id,
        written_by=outcome.written_by,
        attempts=outcome.attempts,
        model_calls=outcome.model_calls,
        input_tokens=outcome.input_tokens,
        output_tokens=outcome.output_tokens,
        cost_usd=outcome.cost_usd,
        candidates=outcome.candidates,
        outranked_by=outcome.outranked_by,
        policy_version=outcome.policy_version,
        pass_id=outcome.pass_id,
    )


def _struck(
    outcomes: Iterable[Outcome], events: Mapping[tuple[int, int], EventSeen], *, shown: bool
) -> Iterator[Struck]:
    for outcome in outcomes:
        by = outcome.closed_by
        if outcome.outcome != "revoked" or by is None:
            continue
        event = events.get((by.partition, by.offset))
        evidence = outcome.evidence if outcome.evidence is not None and outcome.evidence.verdict else None
        yield Struck(
            intent_id=outcome.intent_id,
            at=outcome.closed_at,
            by=by,
            said_at=None if event is None else event.at,
            event_type="" if event is None else event.type,
            reason=outcome.reason,
            because=because(outcome.outcome, outcome.reason, outcome.outranked_by),
            verdict="" if evidence is None else evidence.verdict,
            confidence=None if evidence is None else evidence.confidence,
            sentence=_sentence(event, "" if evidence is None else evidence.quote, shown=shown),
            message_id="" if evidence is None else evidence.message_id,
            due_at=outcome.due_at,
        )


def _sentence(event: EventSeen | None, quote: str, *, shown: bool) -> str:
    """The words that settled it: the event's own, or the quote of a policy that keeps quotes."""
    words = (event.text if event is not None else "") or quote
    return words if shown or not words else HIDDEN


def _nudges(refs: Sequence[Ref], nudges: Sequence[Nudge], events: Iterable[EventSeen]) -> Iterator[NudgeSeen]:
    recalled = {each.nudge_id: each.decided_at for each in nudges if each.kind == "recall"}
    receipts: dict[str, list[tuple[datetime, str]]] = {}
    for event in events:
        if event.nudge_id:
            receipts.setdefault(event.nudge_id, []).append((event.at, event.type))
    for ref, nudge in zip(refs, nudges, strict=True):
        if nudge.kind == "nudge":
            yield NudgeSeen(
                ref=ref,
                nudge=nudge,
                recalled_at=recalled.get(nudge.nudge_id),
                receipts=tuple(receipts.get(nudge.nudge_id, ())),
            )


def _own_notes(row: PersonRow, events: Sequence[EventSeen], now: datetime) -> Iterator[Note]:
    waiting = [event for event in events if not event.decided]
    if waiting:
        oldest = min(moment(each.timestamp_ms) for each in _undecided(row, waiting))
        seconds = max(0.0, (now - oldest).total_seconds())
        many = "one event" if len(waiting) == 1 else f"{len(waiting)} events"
        yield Note(
            kind="undecided",
            says=f"the worker has not decided {many} of this person, the oldest for {seconds:.0f} s: it restarts, "
            "its partition is being taken over, or it lags",
            do="ask again in a moment; if it stays, look at the worker's /readyz",
            seconds=seconds,
        )
    if row.newer:
        yield Note(
            kind="newer",
            says="a newer worker wrote this person's row: what is planned may be out of date here",
            do="run the console's newer version",
        )
    if row.cut:
        yield Note(kind="cut_off", says="older records of this person are no longer kept here")


def _undecided(row: PersonRow, waiting: Iterable[EventSeen]) -> Iterator[Record]:
    offsets = {event.ref.offset for event in waiting}
    return (record for record in row.of(USER_EVENTS.name) if record.offset in offsets)
