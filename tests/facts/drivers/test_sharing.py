"""A crowd in each of several partitions: all of them get on, and those first who have waited longest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.drivers.sharing import Crowd, share, share_of
from tests.facts.drivers.echo import Echo

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def crowd(turn: int, woken: int = 0, waited: int | None = 0) -> Crowd:
    return Crowd(turn, woken, None if waited is None else NINE - waited * SECOND)


@pytest.mark.parametrize(
    ("mine", "others", "room", "expected"),
    [
        (crowd(0), [], 2_000, 2_000),
        (crowd(0), [crowd(1, waited=None), crowd(2, woken=50, waited=None)], 1_950, 1_950),
        (crowd(0), [crowd(1), crowd(2), crowd(3)], 2_000, 500),
        (crowd(0, woken=500), [crowd(1), crowd(2), crowd(3)], 1_500, 0),
        (crowd(0, woken=300), [crowd(1, woken=700)], 1_000, 700),
        (crowd(3, waited=None), [crowd(0, woken=2_000)], 0, 0),
        (crowd(0), [crowd(1)], -5, 0),
    ],
    ids=[
        "alone",
        "nobody else waits",
        "four",
        "it has its share",
        "it lacks more",
        "no room",
        "less than none",
    ],
)
def test_the_room_goes_round(mine: Crowd, others: list[Crowd], room: int, expected: int) -> None:
    """Each partition in which people wait may have as many woken as any other; who waits alone has all."""
    assert share(mine, others, room) == expected


def test_where_it_does_not_go_round_the_longest_wait_counts() -> None:
    """Room for two in five partitions: whose people have waited longest; among equals whose turn it is."""
    crowds = [
        crowd(0, waited=1),
        crowd(1, waited=9),
        crowd(2, waited=1),
        crowd(3, waited=4),
        crowd(4, waited=1),
    ]
    found = [share(mine, [one for one in crowds if one != mine], 2) for mine in crowds]
    assert found == [0, 1, 0, 1, 0]
    alike = [crowd(turn) for turn in (3, 1, 4, 0, 2)]
    assert [share(mine, [one for one in alike if one != mine], 2) for mine in alike] == [0, 1, 0, 1, 0]


def test_in_the_long_run_equals_have_equal_turns() -> None:
    """Who waits since nine o'clock in three partitions, with room for one: a second's turn each."""
    machines = {number: Echo() for number in (0, 4, 7)}
    for machine in machines.values():
        machine.queued_since = NINE
    turns = [
        [
            share_of(number, machines, NINE + second * SECOND, lambda woken, _: 1 - woken)
            for number in machines
        ]
        for second in range(3)
    ]
    assert sorted(turns) == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
