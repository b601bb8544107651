"""Copies of a run's topics in which one thing is not as it was, and the promise that each of them breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from app.core.head import HEAD_KEY
from tests.facts.verify.shown import Topics, changed, instead, value_of, with_row, with_value
from topics.record import Record


def of(topics: Topics, topic: str, user: str, **fields: Any) -> Record:
    """The one record of a person with these values."""
    (one,) = [
        record
        for record in topics[topic]
        if record.key == user.encode() and fields.items() <= value_of(record).items()
    ]
    return one


def without(topics: Topics, record: Record) -> Topics:
    return changed(topics, record.topic, lambda records: [each for each in records if each != record])


def twice(topics: Topics, record: Record) -> Topics:
    return changed(topics, record.topic, lambda records: [*records, record])


def replaced(topics: Topics, record: Record, **fields: Any) -> Topics:
    other = with_value(record, **fields)
    return changed(
        topics, record.topic, lambda records: [other if each == record else each for each in records]
    )


def nudge(topics: Topics, user: str, kind: str = "nudge", **fields: Any) -> Record:
    return of(topics, "nudges", user, kind=kind, **fields)


def outcome(topics: Topics, user: str, **fields: Any) -> Record:
    return of(topics, "nudge-outcome", user, **fields)


Tamper = Callable[[Topics], Topics]
BROKEN: dict[str, tuple[Tamper, str, str]] = {
    "a nudge twice": (lambda t: twice(t, nudge(t, "ana")), "nudge", "the nudge was written 2 times"),
    "a recall twice": (
        lambda t: twice(t, nudge(t, "ana", "recall")),
        "nudge",
        "the recall was written 2 times",
    ),
    "a nudge is gone": (lambda t: without(t, nudge(t, "ben")), "nudge", "it was sent, and it is not there"),
    "its outcome is gone": (lambda t: without(t, outcome(t, "ben")), "nudge", "it has no outcome"),
    "another intent's": (
        lambda t: replaced(t, nudge(t, "ben"), intent_id="another"),
        "nudge",
        "names another intent",
    ),
    "a recall of nothing": (
        lambda t: replaced(t, nudge(t, "ana", "recall"), nudge_id="another"),
        "nudge",
        "it was recalled, and was never sent",
    ),
    "a recall too late": (
        lambda t: replaced(t, nudge(t, "ana", "recall"), decided_at="2026-03-03T11:30:00Z"),
        "nudge",
        "when nothing could be taken back",
    ),
    "too early": (
        lambda t: replaced(t, nudge(t, "cem"), decided_at="2026-03-02T10:59:59Z"),
        "nudge",
        "before its intent was due",
    ),
    "too late": (
        lambda t: replaced(t, nudge(t, "dora"), decided_at="2026-03-02T12:00:00Z"),
        "nudge",
        "after its intent had expired",
    ),
    "too soon after": (
        lambda t: changed(
            t, "user-events", lambda r: [e for e in r if b"nudge.failed" not in (e.value or b"")]
        ),
        "nudge",
        "it was decided 0:20:00 after",
    ),
    "two outcomes": (lambda t: twice(t, outcome(t, "fay")), "ledger", "the intent has 2 outcomes"),
    "an outcome twice": (lambda t: twice(t, outcome(t, "fay")), "ledger", "the outcome was written 2 times"),
    "open and closed": (
        lambda t: replaced(t, outcome(t, "fay"), intent_id=_open_intent(t, "gil")),
        "ledger",
        "is open although it has an outcome",
    ),
    "open in two rows": (
        lambda t: changed(t, "nudge-state", lambda r: [*r, _copied_row(r, "gil", "gus")]),
        "ledger",
        "the intent is open in two rows",
    ),
    "considered and gone": (
        lambda t: without(t, outcome(t, "cem")),
        "ledger",
        "was considered, is not open, and has no outcome",
    ),
    "asked for in vain": (
        lambda t: with_row(t, "gil", intents={}),
        "ledger",
        "the request has led to no plan",
    ),
    "a reason of another outcome": (
        lambda t: replaced(t, outcome(t, "fay"), reason="expired"),
        "ledger",
        "revoked has no reason 'expired'",
    ),
    "the same approach twice": (
        lambda t: replaced(t, outcome(t, "ben"), attempts=[{"approach": "plain"}, {"approach": "plain"}]),
        "ledger",
        "attempts were made by plain, plain",
    ),
    "never matured": (
        lambda t: replaced(t, outcome(t, "ben"), matured_by=None),
        "revocable",
        "sent without a maturity event",
    ),
    "matured before it opened": (
        lambda t: replaced(t, outcome(t, "ben"), matured_by=value_of(outcome(t, "ben"))["opened_by"]),
        "revocable",
        "which is not after what opened it",
    ),
    "matured by something else": (
        lambda t: changed(t, "user-events", lambda r: map(_not_matured, r)),
        "revocable",
        "is no maturity event of this person",
    ),
    "matured for another intent": (
        lambda t: changed(t, "user-events", lambda r: map(_others_matured, r)),
        "revocable",
        "does not name its intent",
    ),
    "withdrawn by its key": (
        lambda t: instead(t, "ana", "intent.revoked", subject_key="van"),
        "revocable",
        "sent although intent.revoked at",
    ),
    "withdrawn by its id": (
        lambda t: instead(t, "ben", "intent.revoked", intent_id=value_of(outcome(t, "ben"))["intent_id"]),
        "revocable",
        "sent although intent.revoked at",
    ),
    "withdrawn by its subject": (
        lambda t: instead(t, "ben", "intent.revoked", subject_key="Upcoming  PROCEDURE"),
        "revocable",
        "sent although intent.revoked at",
    ),
    "ended by an event": (
        lambda t: instead(t, "ana", "van.came", plate="B-1", colour="red"),
        "revocable",
        "sent although van.came at",
    ),
    "the grant withdrawn": (
        lambda t: instead(t, "cem", "consent.changed", agent="curiosity", granted=False),
        "revocable",
        "sent although consent.changed at",
    ),
    "all grants withdrawn": (
        lambda t: instead(t, "ben", "consent.changed", agent="*", granted=False),
        "revocable",
        "the last word on consent was no",
    ),
    "erased": (lambda t: instead(t, "dora", "user.erased"), "revocable", "sent although user.erased at"),
    "spoken to": (
        lambda t: instead(t, "cem", "message.received", text="hi"),
        "revocable",
        "sent although message.received at",
    ),
    "called off": (
        lambda t: instead(t, "dora", "calendar.changed", calendar_event_id="c-1", status="cancelled"),
        "revocable",
        "sent although calendar.changed at",
    ),
    "what it follows from is not done": (
        lambda t: with_row(t, HEAD_KEY, next=1, high=0),
        "done",
        "an outcome says opened_by",
    ),
    "done and unfinished": (
        lambda t: with_row(t, HEAD_KEY, unfinished=[0]),
        "done",
        "and 0 is called unfinished",
    ),
    "another number of partitions": (
        lambda t: with_row(t, HEAD_KEY, partitions=2),
        "done",
        "written for 2 partitions, and there are 1",
    ),
    "a maturity event is gone": (
        lambda t: changed(t, "user-events", lambda r: [e for e in r if not _wakes(t, e, "ben")]),
        "revocable",
        "is no maturity event of this person",
    ),
    "two nudges of one pass": (
        lambda t: replaced(
            t, outcome(t, "eve", subject="the second"), pass_id=_pass_of(t, "eve", "the first")
        ),
        "pass",
        "2 nudges came out of one pass",
    ),
    "a nudge without a trace": (lambda t: without(t, _trace(t, "ben")), "pass", "without a trace"),
    "another one won": (
        lambda t: replaced(t, _trace(t, "ben"), winner="another"),
        "pass",
        "its trace says that another won",
    ),
    "a pass taken twice": (
        lambda t: changed(t, "nudge-pass", lambda r: [*r, with_value(_trace(t, "ben"), pass_id="again")]),
        "pass",
        "after a pass that had folded",
    ),
    "another reason": (
        lambda t: replaced(t, outcome(t, "fay"), reason="consent_withdrawn"),
        "ledger",
        "user.erased at",
    ),
    "closed by something else": (
        lambda t: replaced(t, outcome(t, "fay"), closed_by=value_of(outcome(t, "fay"))["opened_by"]),
        "ledger",
        "closes nothing as 'erased'",
    ),
    "closed by nothing": (
        lambda t: replaced(t, outcome(t, "fay"), closed_by=None),
        "ledger",
        "nothing closed it as 'erased'",
    ),
    "closed before it was opened": (
        lambda t: replaced(t, outcome(t, "ana"), closed_by=_earlier(outcome(t, "ana"))),
        "ledger",
        "which stands before",
    ),
    "under another's key": (
        lambda t: replaced(t, nudge(t, "ben"), user_id="ana"),
        "home",
        "it is about ana",
    ),
    "not what the topic holds": (
        lambda t: changed(t, "nudges", lambda r: [*r, msgspec.structs.replace(r[0], offset=99, value=b"{")]),
        "readable",
        "is not what its topic holds",
    ),
}


def _open_intent(topics: Topics, user: str) -> str:
    *_, record = (each for each in topics["nudge-state"] if each.key == user.encode())
    (intent_id,) = msgspec.msgpack.decode((record.value or b"")[1:])["intents"]
    return str(intent_id)


def _copied_row(records: list[Record], user: str, other: str) -> Record:
    (record,) = [each for each in records if each.key == user.encode()]
    return msgspec.structs.replace(record, key=other.encode())


def _not_matured(record: Record) -> Record:
    return with_value(record, type="of.no.effect") if b"intent.matured" in (record.value or b"") else record


def _others_matured(record: Record) -> Record:
    if b"intent.matured" not in (record.value or b""):
        return record
    return with_value(record, data={"intents": [{"intent_id": "another", "version": 1}]})


ON_A_BROKER: dict[str, tuple[Tamper, str, str]] = {
    "a nudge in another partition": (
        lambda t: _instead_of(t, nudge(t, "ben"), partition=1 - nudge(t, "ben").partition),
        "home",
        "which is not the person's",
    ),
    "a trace in another partition": (
        lambda t: _instead_of(t, _trace(t, "ben"), partition=1 - _trace(t, "ben").partition),
        "home",
        "in a partition that is not the person's",
    ),
    "a position that goes back": (
        lambda t: changed(
            t,
            "nudge-state",
            lambda r: [*r, *_back_at_the_beginning(r)],
        ),
        "done",
        "later only what is below 0",
    ),
}
"""What only a topic of two partitions, or one that keeps every row, can hold."""


def _wakes(topics: Topics, record: Record, user: str) -> bool:
    matured = value_of(outcome(topics, user))["matured_by"]
    return (record.partition, record.offset) == (matured["partition"], matured["offset"])


def _pass_of(topics: Topics, user: str, subject: str) -> str:
    return str(value_of(outcome(topics, user, subject=subject))["pass_id"])


def _trace(topics: Topics, user: str) -> Record:
    return of(topics, "nudge-pass", user, pass_id=value_of(outcome(topics, user))["pass_id"])


def _earlier(record: Record) -> dict[str, Any]:
    opened = value_of(record)["opened_by"]
    return {**opened, "offset": opened["offset"] - 1}


def _instead_of(topics: Topics, record: Record, **fields: Any) -> Topics:
    other = msgspec.structs.replace(record, **fields)
    return changed(
        topics, record.topic, lambda records: [other if each == record else each for each in records]
    )


def _back_at_the_beginning(records: list[Record]) -> tuple[Record, ...]:
    heads = {each.partition: each for each in records if each.key == HEAD_KEY.encode()}
    return with_row({"nudge-state": tuple(heads.values())}, HEAD_KEY, next=0)["nudge-state"]
