"""What the gauges show of a partition's rows, and that the ledger's sums are held against them."""

from __future__ import annotations

from datetime import timedelta

from app.core.partition import Partition
from app.core.row import Row, decode, encode
from app.core.standing import Standing
from app.core.tally import Tally
from tests.facts.core.by_hand import HOUR, NOON, ByHand

IMBALANCE = ("tactful_ledger_imbalance_intents", ())
DUE = NOON + HOUR
OPENED = ("tactful_intents_opened_total", ("follow_up",))


def imbalance(partition: Partition) -> float:
    return partition.take_tally().gauges[IMBALANCE]


def with_a_plan() -> Row:
    """Somebody's row with one open plan."""
    world = ByHand()
    world.granted("ana", "follow_up")
    world.requested("ana", "the song", DUE)
    return world.row("ana")


def test_the_ledger_balances_through_opening_moving_and_closing() -> None:
    """Whatever happened since the last look: opened less closed is what stands in the rows."""
    world = ByHand()
    world.granted("ana", "follow_up")
    assert imbalance(world.partition) == 0
    world.requested("ana", "the song", DUE)
    world.requested("ben", "nobody asked him", DUE)
    world.requested("ana", "the dance", DUE + timedelta(days=1))
    assert imbalance(world.partition) == 0
    world.tell(world.event("ana", "intent.revoked", {"subject_key": "the song"}))
    world.at(DUE + timedelta(days=2))
    assert imbalance(world.partition) == 0


def test_restored_plans_are_where_the_ledger_begins() -> None:
    """The counters begin at 0 with each process, the rows do not: a restart is no imbalance."""
    standing, tally = Standing(), Tally()
    row = with_a_plan()
    standing.restored(row)
    standing.report(tally)
    assert (tally.gauges[IMBALANCE], tally.gauges[("tactful_open_intents", ("follow_up",))]) == (0, 1)
    closing = Tally()
    closing.count("tactful_intents_closed_total", "follow_up", "revoked", "requested")
    standing.changed(row, None)
    standing.report(closing)
    assert closing.gauges[IMBALANCE] == 0


def test_a_plan_that_vanishes_is_an_imbalance() -> None:
    """A row that lost a plan without an outcome, and one that has a plan which nobody opened; it stays until mended."""
    row = with_a_plan()
    other = decode(encode(row))
    for before, after in ((row, Row(user_id="ana")), (None, other)):
        standing = Standing()
        if before is not None:
            standing.restored(before)
        standing.changed(before, after)
        for _ in range(2):
            tally = Tally()
            standing.report(tally)
            assert tally.gauges[IMBALANCE] == 1


def test_a_plan_counted_twice_is_an_imbalance() -> None:
    """One outcome more than plans that closed."""
    standing, tally = Standing(), Tally()
    tally.counts[OPENED] = 2
    standing.changed(None, with_a_plan())
    standing.report(tally)
    assert tally.gauges[IMBALANCE] == 1
