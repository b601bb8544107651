"""Histories that once broke a promise, in the shortest form that did."""

from __future__ import annotations

import pytest

from tests.simulation.moves import (
    Crash,
    Deliver,
    End,
    Happening,
    History,
    Lose,
    Move,
    Settle,
    Take,
    Tell,
    Tick,
    UntilDue,
)
from tests.simulation.run import failure

HOUR = 3_600_000


def grant(user: str) -> Happening:
    return Happening(
        user=user, type="consent.changed", id=f"{user} grants", data={"agent": "*", "granted": True}
    )


def appointment(user: str, n: int, **data: object) -> Happening:
    change = {"calendar_event_id": "c", "title": "Checkup", "starts_in": 3 * HOUR, **data}
    return Happening(user=user, type="calendar.changed", id=f"{user}{n}", data=change)


ALL = Deliver(most=1_000)
RIPEN: tuple[Move, ...] = (UntilDue(), Tick(), Take(), End())


@pytest.mark.parametrize(
    "late",
    [
        appointment("ana", 2, status="cancelled"),
        Happening(user="ana", type="message.received", id="ana2", data={"text": "It is off"}),
        Happening(
            user="ana", type="consent.changed", id="ana2", data={"agent": "calendar", "granted": False}
        ),
    ],
    ids=lambda late: late.type,
)
def test_a_pass_that_is_taken_again_sends_nothing_while_events_wait(late: Happening) -> None:
    """What stands behind the event that breaks the pass may revoke the plan: it is folded before anything is sent."""
    broke = Happening(user="ana", type="brittle.broke", id="ana1")
    told = Tell(events=(grant("ana"), appointment("ana", 0)))
    history = History(seed=0, policy="brisk", moves=(told, ALL, *RIPEN, Tell(events=(broke, late)), ALL))
    assert failure(history) is None


def test_maturity_events_that_are_lost_hold_up_nobody() -> None:
    """Who was woken and not heard of is woken again, even when all the room is held by such people."""
    people = tuple(event for user in ("ana", "bo") for event in (grant(user), appointment(user, 0)))
    lost: tuple[Move, ...] = (UntilDue(), Lose(), Tick(room=1), Take(), End())
    history = History(seed=0, policy="brisk", moves=(Tell(events=people), ALL, *lost, *lost))
    assert failure(history) is None


def test_a_plan_that_its_own_reading_puts_in_doubt_is_held() -> None:
    """What nothing stood against when it came due, and the reading before it does, waits for its next question."""
    asked = {"agent": "follow_up", "subject": "a new job", "due_in": -HOUR, "expires_in": 4 * HOUR}
    others = tuple(
        Happening(
            user="ana",
            type="intent.requested",
            id=f"ana {agent}",
            data={"agent": agent, "subject": "the move", "due_in": HOUR},
        )
        for agent in ("calendar", "digest")
    )
    item = {"item_id": "n1", "title": "A book"}
    told = (
        Happening(user="ana", type="digest.item", id="ana2", data=item),
        Happening(user="ana", type="message.received", id="ana3", data={"text": "words number 21"}),
        *others,
    )
    first = Tell(events=(grant("ana"), Happening(user="ana", type="intent.requested", id="ana1", data=asked)))
    moves: tuple[Move, ...] = (first, ALL, Tick(), *(Tell(events=(one,)) for one in told), UntilDue())
    for seed in range(2200, 2260):
        ends = (Settle(seed=seed), Crash(skew=2 * HOUR), Settle(seed=1507))
        assert failure(History(seed=0, policy="brisk", moves=(*moves, *ends))) is None
