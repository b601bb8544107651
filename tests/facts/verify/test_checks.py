"""Every promise that was broken is found, by the ids that show it; what is sound is left in peace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.core.head import HEAD_KEY
from app.verify.checks import broken
from app.verify.finding import Given
from app.verify.seen import ORDER, Seen
from tests.facts.verify.shown import Topics, changed, found, instead, told, value_of, with_row, with_value
from topics.record import Record

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)  # 12:00 in Madrid


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


def test_a_sound_story_is_left_in_peace() -> None:
    """Nothing is broken, and nothing is left to do."""
    assert found(idle_at=NOON + timedelta(hours=2)) == []


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_story_keeps_every_promise(path: Path) -> None:
    """Whatever a story tells of crashes, erasures and second thoughts, the verifier finds nothing to complain of."""
    assert found(path=path) == []


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
    (record,) = [each for each in topics["nudge-state"] if each.key == user.encode()]
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


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name: str) -> None:
    """One thing in the topics is not as it was, and the promise that it breaks is named, with the id."""
    tamper, check, says = BROKEN[name]
    _, topics = told()
    findings = found(tamper(topics))
    assert [finding for finding in findings if finding.check == check and says in finding.says], findings
    assert all(finding.id for finding in findings)


HARMLESS: dict[str, Tamper] = {
    "another person's key": lambda t: instead(t, "ben", "intent.revoked", subject_key="van"),
    "another plate": lambda t: instead(t, "ana", "van.came", plate="C-2"),
    "another agent's grant": lambda t: instead(t, "dora", "consent.changed", agent="digest", granted=False),
    "another appointment": lambda t: instead(
        t, "dora", "calendar.changed", calendar_event_id="c-2", status="cancelled"
    ),
    "a confirmation": lambda t: instead(t, "dora", "calendar.changed", calendar_event_id="c-1", title="x"),
    "a message to somebody else's agent": lambda t: instead(t, "ana", "message.received", text="hi"),
    "a copy of an event": lambda t: changed(
        t, "user-events", lambda r: [*r, msgspec.structs.replace(r[-1], offset=r[-1].offset + 1)]
    ),
    "a pass is gone": lambda t: changed(t, "nudge-pass", lambda r: r[1:]),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_breaks_nothing_is_left_in_peace(name: str) -> None:
    """An event that looks like a revocation and is about something else proves nothing."""
    _, topics = told()
    assert found(HARMLESS[name](topics)) == []


def test_what_retention_took_is_not_missed() -> None:
    """Forty days later nudges and events are gone, and the outcomes stand alone: nothing is claimed of them."""
    _, topics = told()
    last = topics["user-events"][-1]
    later = msgspec.structs.replace(
        last,
        offset=last.offset + 1,
        timestamp_ms=last.timestamp_ms + int(timedelta(days=40).total_seconds() * 1000),
    )
    topics = with_row(topics, HEAD_KEY, next=later.offset + 1)
    assert found(changed({**topics, "nudges": ()}, "user-events", lambda _: [later])) == []


def test_from_a_time_on_nothing_before_is_missed() -> None:
    """Who reads only what the log has since cannot say that something before is not there."""
    _, topics = told()
    since = datetime.fromtimestamp(nudge(topics, "eve", subject="the second").timestamp_ms / 1000, UTC)
    seen = Seen(1, since)
    for topic in ORDER:
        for record in topics[topic]:
            if topic == "nudge-state" or record.timestamp_ms >= since.timestamp() * 1000:
                seen.add(record)
    assert broken(seen, Given(min_gap=timedelta(hours=1))) == []


def test_under_another_policy_the_gap_is_another() -> None:
    """Nudges that were decided by another version of the policy are not held to this one's gap."""
    assert found(min_gap=timedelta(days=1), policy_version="another") == []
    _, topics = told()
    no_failure = changed(
        topics, "user-events", lambda r: [each for each in r if b"nudge.failed" not in (each.value or b"")]
    )
    assert found(no_failure, policy_version="another") == []
    assert found(no_failure, policy_version=None) != []


def test_idle_means_decided_and_nothing_waiting() -> None:
    """Only when it is asked for: an event above what is done, or a plan that nobody looks at."""
    _, topics = told()
    behind = with_row(topics, HEAD_KEY, next=(topics["user-events"][-1].offset))
    says = [each.says for each in found(behind, idle_at=NOON + timedelta(hours=2)) if each.check == "idle"]
    assert len(says) == 1
    assert "is a worker running?" in says[0]
    assert not [each for each in found(behind) if each.check == "idle"]
    late = found(idle_at=NOON + timedelta(days=30))
    assert {(each.check, each.user) for each in late} >= {("idle", "gil")}
