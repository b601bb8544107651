"""A take-over looks at what it needs of a row, and sees the same as whoever decodes all of it."""

from __future__ import annotations

import pytest

from app.core.glance import glance
from app.core.row import SCHEMA, NewerRow, decode
from app.core.standing import Standing
from app.core.tally import Tally
from app.core.waiting import times_of
from tests.facts.core.by_hand import HOUR, NOON, ByHand


def rows() -> list[bytes]:
    """Of people with plans and words, with nothing, and of one who was erased."""
    world = ByHand()
    for user in ("ana", "ben", "eva", "ida"):
        world.granted(user)
    world.requested("ana", "the exam", NOON + HOUR)
    world.requested("ana", "the move", NOON + 30 * HOUR)
    world.happens("ben", "message.received", {"text": "The exam is on Friday."})
    world.happens("eva", "user.erased", {})
    return list(world.rows.values())


def test_it_waits_for_the_same_times() -> None:
    """Looks, maturities and expiries are those of the whole row."""
    found = [(times_of(glance(data)), times_of(decode(data))) for data in rows()]
    assert len({times for times, _ in found}) > 2
    assert all(glanced == whole for glanced, whole in found)


def test_the_gauges_begin_with_the_same_numbers() -> None:
    """Open plans, held ones and unread words are counted from a glance as from the row."""
    counted = []
    for read in (glance, decode):
        standing, tally = Standing(), Tally()
        for data in rows():
            standing.restored(read(data))
        standing.report(tally)
        counted.append(tally.gauges)
    assert counted[0] == counted[1]
    assert counted[0][("tactful_reading_debt_messages", ())] > 0


def test_a_newer_row_is_refused() -> None:
    """Its meaning is not known here: the partition is not taken over."""
    with pytest.raises(NewerRow, match=f"up to {SCHEMA}"):
        glance(bytes([SCHEMA + 1]) + b"\x80")
