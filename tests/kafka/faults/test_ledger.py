"""The verifier of the faults sees what it looks for: a sound story, and copies of it that were tampered with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from app.verify.finding import Given
from tests.facts.verify.shown import Topics, changed, instead, told, value_of
from tests.kafka.faults.ledger import Judgement, Told, judged
from topics.record import Record

GIVEN = Given(min_gap=timedelta(hours=1), policy_version=None, idle_at=None)


def _judged(tamper: Callable[[Topics], Topics] = lambda topics: topics) -> Judgement:
    """What is found when the load was told of every request of the sound story."""
    _, sound = told()
    requests = [
        Told(
            event_id=f"{value['source']}/{value['id']}",
            user=value["user_id"],
            type=value["type"],
            key=value["data"].get("subject_key"),
            partition=record.partition,
            offset=record.offset,
        )
        for record in sound["user-events"]
        if (record.value or b"").startswith(b'{"')
        and (value := value_of(record))["type"] == "intent.requested"
    ]
    assert len(requests) == 5
    return judged(tamper(sound), 1, requests, GIVEN)


def _without(user: str, *topics: str) -> Callable[[Topics], Topics]:
    def tampered(all_of_it: Topics) -> Topics:
        for topic in topics:
            all_of_it = changed(all_of_it, topic, lambda rs: [r for r in rs if r.key != user.encode()])
        return all_of_it

    return tampered


def _copied(user: str, topic: str) -> Callable[[Topics], Topics]:
    return lambda topics: changed(
        topics, topic, lambda rs: [*rs, *(_behind(r, rs[-1].offset) for r in rs if r.key == user.encode())]
    )


def _behind(record: Record, offset: int) -> Record:
    return msgspec.structs.replace(record, offset=offset + 1)


def test_a_sound_story_has_no_finding() -> None:
    """Every request is open or closed once, and nothing that was revoked was sent."""
    found = _judged()
    assert found.kept, list(found.lines())
    assert (found.nudges, found.dead_letters) == (6, 1)


@pytest.mark.parametrize(
    ("kind", "tamper", "says"),
    [
        ("missing", _without("ana", "nudge-outcome", "nudges"), "van of ana"),
        ("missing", _without("gil", "nudge-state"), "of gil"),
        ("twice", _copied("ana", "nudges"), "2 times nudge"),
        ("twice", _copied("ben", "nudge-outcome"), "2 times outcomes of the intent"),
        ("stale", lambda t: instead(t, "ana", "intent.revoked", subject_key="van"), "of ana: intent.revoked"),
        ("stale", lambda t: instead(t, "ana", "van.came", plate="B-1"), "of ana: van.came"),
        ("stale", lambda t: instead(t, "ben", "message.received", text="It went fine"), "message.received"),
        ("stale", lambda t: instead(t, "cem", "message.received", text="hi"), "of cem: message.received"),
        ("stale", lambda t: instead(t, "dora", "user.erased"), "of dora: user.erased"),
        ("broken", _without("ana", "user-events"), "was acknowledged at 0@"),
    ],
)
def test_what_was_tampered_with_is_found(kind: str, tamper: Callable[[Topics], Topics], says: str) -> None:
    """A plan that vanished, a record that was doubled, a nudge that had been settled, an event that is gone."""
    found: list[str] = getattr(_judged(tamper), kind)
    assert any(says in line for line in found), found


def test_what_has_no_bearing_is_no_finding() -> None:
    """Another key, another plate, small talk: none of them ends a plan."""
    for tamper in (
        lambda t: instead(t, "ben", "intent.revoked", subject_key="van"),
        lambda t: instead(t, "ana", "van.came", plate="C-2"),
        lambda t: instead(t, "ana", "message.received", text="hi"),
    ):
        assert _judged(tamper).stale == []
