"""A row has a bound, whatever is written about a person; what falls off is counted, and may hold plans."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.core import bounds
from app.core.asks import ComposeAnswer, ReadingAnswer, Verdict
from app.core.bounds import INTENTS_BYTES, ROW_BYTES
from app.core.ids import IDENTITY_BYTES
from app.core.row import DOUBTS, OPEN_INTENTS, SEEN_EVENTS, Row, encode
from tests.facts.core.by_hand import A_DRAFT, HOUR, NOON, NOTHING_NEW, ByHand, policy, said

LONG = "é" * 1000
"""Nearly as long as an id may be: twice as many bytes."""


def counted(world: ByHand, what: str) -> float:
    return world.partition.take_tally().counts.get(("tactful_dropped_total", (what,)), 0)


def stuffed(**more: Any) -> ByHand:
    """Somebody about whom a service writes as much as it may."""
    world = ByHand(policy(reading={"when": "maturity"}))
    world.granted("ana")
    exits = [{"type": "done", "where": {"k": "é" * 1500}}]
    for n in range(OPEN_INTENTS + 10):
        world.requested("ana", f"{n} {LONG}", NOON + HOUR, subject_key=f"{LONG}{n}", exit_on=exits, **more)
    return world


def test_the_51st_plan_opens_and_closes_in_one_step() -> None:
    """Fifty plans wait; another one stands down as too_many, with an outcome of its own."""
    world = ByHand()
    world.granted("ana")
    for n in range(OPEN_INTENTS + 1):
        world.requested("ana", f"plan {n}", NOON + HOUR)
    assert len(world.row("ana").intents) == OPEN_INTENTS
    assert world.outcomes() == [("plan 50", "stood_down", "too_many")]


def test_plans_have_half_of_the_row() -> None:
    """Plans with keys and conditions of the greatest length are too many before there are fifty of them."""
    world = stuffed()
    opened = len(world.row("ana").intents)
    assert len(world.rows["ana"]) <= INTENTS_BYTES + 4096
    assert opened < OPEN_INTENTS
    assert {reason for _, _, reason in world.outcomes()} == {"too_many"}
    assert len(world.outcomes()) == OPEN_INTENTS + 10 - opened


def test_a_move_has_no_more_room_than_a_new_plan() -> None:
    """A request that moves a plan may bring conditions as long as they may be: one too many closes its plan."""
    world = ByHand()
    world.granted("ana", "follow_up")
    for n in range(OPEN_INTENTS):
        world.requested("ana", f"plan {n}", NOON + HOUR)
    exits = [{"type": "done", "where": {"k": [0.5] * 980}}]
    for n in range(OPEN_INTENTS):
        world.requested("ana", f"plan {n}", NOON + 2 * HOUR, exit_on=exits)
    assert len(world.rows["ana"]) <= INTENTS_BYTES + 16 * 1024
    closed = world.outcomes()
    assert {(outcome, reason) for _, outcome, reason in closed} == {("stood_down", "too_many")}
    assert len(closed) + len(world.row("ana").intents) == OPEN_INTENTS


def test_no_row_is_larger_than_256_kb() -> None:
    """Plans, words, items and closed plans of the greatest length: the oldest of what may go goes."""
    world = stuffed()
    for n in range(300):
        world.happens("ana", "intent.revoked", {"subject_key": f"{LONG}{n % 20}"})
        world.requested("ana", f"{n}", NOON + HOUR, subject_key=f"{LONG}{n % 20}")
    for n in range(100):
        words = {"text": "é" * 2000, "message_id": LONG, "conversation_id": LONG}
        world.tell(world.event("ana", "message.received", words, id=f"{LONG}{n}", source=LONG))
        world.happens("ana", "digest.item", {"item_id": f"{LONG}{n}", "title": "é" * 120})
    assert len(world.rows["ana"]) <= ROW_BYTES


def test_what_falls_off_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand short words with long ids as many go as must; the row is written anew for each kind, not word."""
    written: list[int] = []

    def counting(row: Row) -> bytes:
        data = encode(row)
        written.append(len(data))
        return data

    monkeypatch.setattr(bounds, "encode", counting)
    world = ByHand(policy(reading={"when": "maturity"}))
    world.granted("ana", "follow_up")
    words = [
        world.event("ana", "message.received", {"text": f"word {n}", "message_id": f"{n:0400}"})
        for n in range(1_000)
    ]
    world.tell(*words[:500])
    written.clear()
    world.tell(*words[500:])
    assert len(written) <= 3, written
    kept = world.row("ana").unread
    assert [message.text for message in kept] == [f"word {n}" for n in range(1_000 - len(kept), 1_000)]
    assert ROW_BYTES - 1_000 < len(world.rows["ana"]) <= ROW_BYTES
    assert counted(world, "unread") == 1_000 - len(kept)


def test_lost_words_hold_the_plans_before_them() -> None:
    """64 KB of unread text stay; what falls off is counted, and a plan that opened before it is held, never sent."""
    world = ByHand(policy(reading={"when": "maturity", "hold": "2h"}))
    world.granted("ana", "follow_up")
    world.requested("ana", "before", NOON + HOUR)
    for n in range(17):
        world.happens("ana", "message.received", {"text": f"{n:04}" + "x" * 4092})
    assert counted(world, "unread") == 1
    assert len(world.row("ana").unread) == 16
    world.requested("ana", "after", NOON + HOUR + timedelta(minutes=20))
    world.at(NOON + HOUR)
    world.answered(NOTHING_NEW)
    assert world.outcomes() == []
    world.at(NOON + 3 * HOUR)
    assert ("before", "stood_down", "unverified_still_open") in world.outcomes()
    assert "after" not in [subject for subject, _, reason in world.outcomes() if reason.startswith("unv")]


def test_a_doubt_that_falls_off_holds_every_plan_that_it_was_about() -> None:
    """Twenty doubts are kept; the plans of one that fell off can no longer be verified, though they opened after it."""
    world = ByHand(policy(reading={"when": "maturity", "hold": "2h"}))
    world.granted("ana", "follow_up")
    for n in range(DOUBTS + 1):
        world.happens("ana", "message.received", {"text": f"message {n}"})
    for n in range(DOUBTS + 1):
        world.requested("ana", f"plan {n}", NOON + HOUR * (1 if n == 0 else 12))
    world.requested("ana", "about nothing said", NOON + HOUR)
    world.at(NOON + HOUR)
    verdicts = [Verdict(f"i{n}", "resolves", f"m{n}", 0.5) for n in range(1, DOUBTS + 2)]
    world.answered(said(ReadingAnswer(tuple(verdicts))))
    world.answered(A_DRAFT)
    assert counted(world, "doubt") == 1
    assert len(world.row("ana").doubts) == DOUBTS
    assert world.outcomes() == [("about nothing said", "nudged", "sent")]
    world.at(NOON + 3 * HOUR)
    assert world.outcomes()[1:] == [("plan 0", "stood_down", "unverified_still_open")]


def test_256_events_are_remembered() -> None:
    """The same source and id among the last 256 is one event; after that it counts again."""
    world = ByHand()
    world.granted("ana", "curiosity")
    first = world.event("ana", "app.opened", id="first")
    world.tell(first)
    for _ in range(SEEN_EVENTS - 1):
        world.happens("ana", "weather.changed")
    again = world.event("ana", "app.opened", id="first")
    world.now = NOON + HOUR
    world.tell(again)
    tally = world.partition.take_tally().counts
    assert tally["tactful_duplicate_events_total", ()] == 1
    world.happens("ana", "weather.changed")
    world.tell(world.event("ana", "app.opened", id="first"))
    assert ("tactful_duplicate_events_total", ()) not in world.partition.take_tally().counts
    assert len(world.row("ana").seen) == SEEN_EVENTS * IDENTITY_BYTES


def test_ten_nudges_are_recallable() -> None:
    """With more than ten that could still be taken back, the oldest can no longer be."""
    generous = policy(
        min_gap="0s", caps={"per_day": 99, "per_week": 99}, budget={"calls_per_person_per_day": 99}
    )
    world = ByHand(generous)
    world.granted("ana", "follow_up")
    for n in range(12):
        world.requested("ana", f"plan {n}", NOON + HOUR)
    for n in range(12):
        world.at(NOON + HOUR + timedelta(seconds=n))
        world.answered(said(ComposeAnswer(f"How is it going with the plan number {n}? I hope well.")))
    assert len(world.records("nudges")) == 12
    assert len(world.row("ana").sent_nudges) == 10
    assert counted(world, "recallable") == 2


def test_consents_of_nobody_are_bounded() -> None:
    """A hundred agents that are not registered may have a consent; those that are always can."""
    world = ByHand()
    for n in range(150):
        world.granted("ana", f"agent_{n}")
    world.granted("ana", "follow_up")
    assert len(world.row("ana").consents) == 101
    assert world.row("ana").granted("follow_up")
    assert counted(world, "consent") == 50
