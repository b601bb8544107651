"""What is left of an erased person, for how long, and what brings a new one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.facts.core.by_hand import HOUR, NOON, SECOND, ByHand


def test_thirty_days_after_an_erasure_the_row_is_gone() -> None:
    """A stub until then; then a tombstone, by a timer of its own."""
    world = ByHand()
    world.granted("ana")
    world.happens("ana", "user.erased")
    assert world.row("ana").is_stub
    world.at(NOON + timedelta(days=30) - SECOND)
    assert "ana" in world.rows
    world.at(NOON + timedelta(days=30))
    assert "ana" not in world.rows


def test_somebody_who_comes_back_keeps_the_time_of_the_erasure() -> None:
    """For the rest of the thirty days what was before it is ignored; then only the new person is left."""
    world = ByHand()
    world.happens("ana", "user.erased")
    old = world.event("ana", "consent.changed", {"agent": "*", "granted": True})
    world.now = NOON + HOUR
    world.granted("ana", "digest")
    world.tell(old)
    assert world.row("ana").consents == {"digest": True}
    world.at(NOON + timedelta(days=30))
    assert world.row("ana").erased_at is None
    assert world.row("ana").consents == {"digest": True}


@pytest.mark.parametrize("kind", ["nudge.opened", "nudge.delivered", "intent.matured"])
def test_a_receipt_brings_nobody_back(kind: str) -> None:
    """Younger than the erasure as it may be: it is no sign of life."""
    world = ByHand()
    world.happens("ana", "user.erased")
    world.now = NOON + HOUR
    world.happens("ana", kind, {"nudge_id": "n", "intents": [{"intent_id": "i", "version": 1}]})
    assert world.row("ana").is_stub


def test_nothing_is_known_of_somebody_who_left_nothing() -> None:
    """An event that means nothing to anybody leaves no row behind but that it was seen."""
    world = ByHand()
    world.happens("ana", "intent.matured", {"intents": [{"intent_id": "i", "version": 1}]})
    assert "ana" not in world.rows or world.row("ana").seen == b""
