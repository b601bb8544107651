"""Of all that could be said one thing is, and every other learns why not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from agents.contract import Candidate, Defer, Ref, StandDown
from agents.situation import intent
from app.core.arbitration import lost_to, ranked
from app.core.gates import Weighed
from tests.facts.core.by_hand import HOUR, MINUTE, NOON, policy


def candidate(agent: str, subject: str, importance: float = 0.5, **changes: Any) -> Weighed:
    offset = changes.pop("offset", 0)
    one = intent(
        agent,
        subject,
        status="due",
        opened_by=Ref("user-events", 0, offset, f"by-hand/{offset}"),
        **{"due_at": NOON, **changes},
    )
    return Weighed(intent=one, answer=Candidate(importance=importance, facts={"subject": subject}), gates=())


def order(*weighed: Weighed) -> list[str]:
    return [one.intent.subject for one in ranked(weighed, policy())]


def test_priority_comes_first() -> None:
    """An appointment before a follow-up before a digest, however important the others are."""
    assert order(
        candidate("digest", "c", 1.0), candidate("follow_up", "b", 0.9), candidate("calendar", "a", 0.1)
    ) == ["a", "b", "c"]


def test_then_importance_then_the_earlier_due_then_the_earlier_opened_then_the_id() -> None:
    """Each rule decides where all before it are even."""
    assert order(candidate("follow_up", "b", 0.4), candidate("follow_up", "a", 0.6)) == ["a", "b"]
    later = NOON + MINUTE
    assert order(candidate("follow_up", "b", due_at=later), candidate("follow_up", "a")) == ["a", "b"]
    assert order(candidate("follow_up", "b", offset=2), candidate("follow_up", "a", offset=1)) == ["a", "b"]
    assert order(candidate("follow_up", "b", intent_id="2"), candidate("follow_up", "a", intent_id="1")) == [
        "a",
        "b",
    ]


def test_due_means_as_last_planned() -> None:
    """A deferral makes nobody later: the planned due time counts, not the end of the wait."""
    waited = candidate("follow_up", "a", ripe_at=NOON + HOUR)
    assert order(candidate("follow_up", "b", due_at=NOON + MINUTE), waited) == ["a", "b"]


def test_who_cannot_speak_is_not_ranked() -> None:
    """Only candidates are: what a gate held back takes no part."""
    held = Weighed(intent=intent("calendar", "x"), answer=Defer(until=NOON), gates=())
    assert ranked([held], policy()) == []


def test_a_loser_waits_for_the_gap_after_the_winner() -> None:
    """Deferred to the winner's time and the gap, unless it has run out by then."""
    winner = candidate("calendar", "w")
    gap = timedelta(hours=4)
    assert lost_to(
        candidate("follow_up", "l", expires_at=NOON + gap + MINUTE), winner, NOON, policy()
    ) == Defer(until=NOON + gap, reason="outranked")
    assert lost_to(candidate("follow_up", "l", expires_at=NOON + gap), winner, NOON, policy()) == StandDown(
        reason="outranked"
    )


def test_the_same_subject_is_not_told_twice() -> None:
    """However it is written: case, spaces and width make no other subject of it."""
    winner = candidate("calendar", "The  Exam")
    for written in ("the exam", " THE EXAM ", "ｔｈｅ exam"):
        assert lost_to(candidate("follow_up", written), winner, NOON, policy()) == StandDown(
            reason="duplicate_subject"
        )
