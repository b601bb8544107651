"""What holds in every story, without being asked for: the ledger balances and no invariant is broken."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from app.core.policy import Policy
from app.scenario.ending import Ending, Json, decided, header
from app.scenario.parts import instant
from topics.record import Record

CANARY = "tactful-canary-"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event that stands in a person's log and was neither a copy nor a dead letter."""

    user_id: str
    partition: int
    offset: int
    type: str
    time: datetime
    logged: datetime
    data: Mapping[str, Any]


def broken(ending: Ending, policy: Policy) -> list[str]:
    """Each promise that the story's records break, with the ids that show it; empty when all are kept."""
    events = list(_told(ending))
    return [
        *_ledger(ending),
        *_attempts(ending.outcomes),
        *_pairs(ending),
        *_gaps(ending.nudges, events, policy.min_gap),
        *_order(ending, events),
    ]


def _ledger(ending: Ending) -> Iterable[str]:
    closed = Counter(outcome["intent_id"] for outcome in ending.outcomes)
    still = Counter(intent["intent_id"] for intent in ending.open)
    for intent_id, times in closed.items():
        if times > 1:
            yield f"ledger: intent {intent_id} has {times} outcomes"
        if intent_id in still:
            yield f"ledger: intent {intent_id} is open although it has an outcome"
    yield from (
        f"ledger: intent {intent_id} is open {times} times" for intent_id, times in still.items() if times > 1
    )
    for outcome_id, times in Counter(outcome["outcome_id"] for outcome in ending.outcomes).items():
        if times > 1:
            yield f"ledger: outcome {outcome_id} was written {times} times"
    seen = {nudge["intent_id"]: nudge["user_id"] for nudge in ending.nudges}
    for trace in ending.passes:
        seen |= {candidate["intent_id"]: trace["user_id"] for candidate in trace.get("candidates", ())}
    for intent_id, user_id in seen.items():
        if intent_id not in closed and intent_id not in still and not user_id.startswith(CANARY):
            yield f"ledger: intent {intent_id} of {user_id} was considered, is not open and has no outcome"


def _attempts(outcomes: Sequence[Json]) -> Iterable[str]:
    for outcome in outcomes:
        approaches = Counter(attempt["approach"] for attempt in outcome["attempts"])
        for approach, times in approaches.items():
            if times > 1:
                yield f"attempts: outcome {outcome['outcome_id']} has {times} attempts by {approach}"
        if len(outcome["attempts"]) > 2:  # two, the second one different
            yield f"attempts: outcome {outcome['outcome_id']} has {len(outcome['attempts'])} attempts"


def _pairs(ending: Ending) -> Iterable[str]:
    for kind, records in (("nudge", ending.nudges), ("recall", ending.recalls)):
        for nudge_id, times in Counter(record["nudge_id"] for record in records).items():
            if times > 1:
                yield f"no double message: {kind} {nudge_id} was written {times} times"
    nudged = {outcome["nudge_id"]: outcome for outcome in ending.outcomes if outcome["outcome"] == "nudged"}
    sent = {nudge["nudge_id"]: nudge for nudge in ending.nudges}
    yield from (
        f"pairs: outcome nudged without its nudge {nudge_id}" for nudge_id in nudged.keys() - sent.keys()
    )
    yield from (f"pairs: nudge {nudge_id} without its outcome" for nudge_id in sent.keys() - nudged.keys())
    yield from (
        f"pairs: recall of {recall['nudge_id']}, which was never sent"
        for recall in ending.recalls
        if recall["nudge_id"] not in sent
    )
    for nudge_id in nudged.keys() & sent.keys():
        if nudged[nudge_id]["intent_id"] != sent[nudge_id]["intent_id"]:
            yield f"pairs: nudge {nudge_id} and its outcome name different intents"


def _gaps(nudges: Sequence[Json], events: Sequence[Told], gap: timedelta) -> Iterable[str]:
    """Per person never two inside the minimum gap; a failed one lifts it, an erased person is a new one."""
    failed = {event.data.get("nudge_id"): event.logged for event in events if event.type == "nudge.failed"}
    erased = [(event.user_id, event.logged) for event in events if event.type == "user.erased"]
    for number, later in enumerate(nudges):
        for earlier in nudges[:number]:
            if earlier["user_id"] != later["user_id"] or decided(later) - decided(earlier) >= gap:
                continue
            if earlier["nudge_id"] in failed and failed[earlier["nudge_id"]] <= decided(later):
                continue
            if any(
                who == later["user_id"] and decided(earlier) <= at <= decided(later) for who, at in erased
            ):
                continue
            yield (
                f"minimum gap: {later['user_id']} got {earlier['nudge_id']} at {earlier['decided_at']} and "
                f"{later['nudge_id']} at {later['decided_at']}"
            )


def _order(ending: Ending, events: Sequence[Told]) -> Iterable[str]:
    """Facts about offsets and times: opened, then revocable, then matured, then due, then decided in time."""
    sent = {nudge["nudge_id"]: nudge for nudge in ending.nudges}
    for outcome in ending.outcomes:
        opened, matured = outcome["opened_by"], outcome["matured_by"]
        if matured is not None and matured["offset"] <= opened["offset"]:
            yield f"order: intent {outcome['intent_id']} matured by an event before the one that opened it"
        nudge = sent.get(outcome["nudge_id"]) if outcome["outcome"] == "nudged" else None
        if nudge is None:
            continue
        if decided(nudge) < instant(outcome["due_at"]):
            yield f"order: nudge {nudge['nudge_id']} was decided before its intent was due"
        if decided(nudge) >= instant(nudge["not_after"]):
            yield f"order: nudge {nudge['nudge_id']} was decided after its intent had expired"
        if matured is None:
            yield f"order: nudge {nudge['nudge_id']} was sent without a maturity event"
            continue
        between = [
            event
            for event in events
            if event.user_id == outcome["user_id"] and opened["offset"] < event.offset < matured["offset"]
        ]
        opener = next(
            (e for e in events if (e.partition, e.offset) == (opened["partition"], opened["offset"])), None
        )
        for event in between:
            if _revokes(event, outcome, opener):
                yield (
                    f"revocable: nudge {nudge['nudge_id']} was sent although {event.type} at {event.offset} "
                    f"stands before its maturity at {matured['offset']}"
                )


def _revokes(event: Told, outcome: Json, opener: Told | None) -> bool:
    """Whether an event, by its type alone, closes the intent of this outcome.

    What a message raises is planned when the message is read: an event in between closes it only if it names it.
    """
    data = event.data
    if opener is None or opener.type.startswith("message."):
        named = event.type == "intent.revoked" and data.get("intent_id") == outcome["intent_id"]
        return named or event.type == "user.erased"
    match event.type:
        case "user.erased":
            return True
        case "consent.changed":
            return data.get("granted") is False and data.get("agent") in (outcome["agent"], "*")
        case "intent.revoked":
            key = data.get("subject_key")
            own = opener.data.get("subject_key") or opener.data.get("calendar_event_id")
            return data.get("intent_id") == outcome["intent_id"] or (
                bool(key) and (key == own if own else _folded(str(key)) == _folded(outcome["subject"]))
            )
        case "calendar.changed":
            same = data.get("calendar_event_id") == opener.data.get("calendar_event_id")
            return outcome["agent"] == "calendar" and same and data.get("status") == "cancelled"
        case _:
            return False


def _folded(subject: str) -> str:
    return " ".join(subject.casefold().split())


def _told(ending: Ending) -> Iterable[Told]:
    """The events of the story's people that were taken into account, in log order per partition."""
    refused = {
        (header(letter, "tactful_partition"), header(letter, "tactful_offset"))
        for letter in ending.dead_letters
    }
    seen: set[tuple[str, str, str]] = set()
    erased: dict[str, datetime] = {}
    for record in ending.events:
        event = _event(record)
        if event is None or (str(record.partition), str(record.offset)) in refused:
            continue
        told, identity = event
        if (told.user_id, *identity) in seen or told.time <= erased.get(
            told.user_id, told.time - timedelta(1)
        ):
            continue
        seen.add((told.user_id, *identity))
        if told.type == "user.erased":
            erased[told.user_id] = told.time
        yield told


def _event(record: Record) -> tuple[Told, tuple[str, str]] | None:
    """What a record in the plain form tells; None for all others, about which nothing is claimed here."""
    try:
        value = json.loads(record.value or b"null")
        time = instant(value["time"])
        logged = datetime.fromtimestamp(record.timestamp_ms / 1000, time.tzinfo)
        told = Told(
            user_id=(record.key or b"").decode(),
            partition=record.partition,
            offset=record.offset,
            type=value["type"],
            time=logged if time > logged + timedelta(minutes=5) else time,
            logged=logged,
            data=value.get("data") or {},
        )
        return told, (value["source"], value["id"])
    except (ValueError, KeyError, TypeError):
        return None
