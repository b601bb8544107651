"""How many people one partition may wake when several of a worker have a crowd waiting: a fair share each.

Without it who asks first takes all the room, and the people of the others wait for the end of the first one's crowd.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from app.drivers.machine import Machine

_LAST = datetime.max.replace(tzinfo=UTC)


class Crowd(NamedTuple):
    """Of a partition: who is woken and undecided, and since when the longest has waited for room, if anybody does.

    `turn` decides between those who have waited equally long: at nine o'clock that is everybody.
    """

    turn: int
    woken: int
    since: datetime | None


def share(mine: Crowd, others: Sequence[Crowd], room: int) -> int:
    """How many more people may be woken in `mine`, of the `room` that is left for all of them.

    What is woken already counts. Where the room does not go round, those have it who have waited longest.
    """
    waiting = [one for one in others if one.since is not None]
    if not waiting:
        return max(0, room)
    each, over = divmod(max(0, room) + mine.woken + sum(one.woken for one in waiting), 1 + len(waiting))
    older = sum(_turn(one) < _turn(mine) for one in waiting)
    return max(0, min(room, each + (older < over) - mine.woken))


def share_of(
    number: int, machines: Mapping[int, Machine], now: datetime, room: Callable[[int, datetime], int]
) -> int:
    """The share of one of a worker's partitions; `room` is told how many are woken in all of them."""
    turn = int(now.timestamp())
    crowds = {
        each: Crowd((place + turn) % len(machines), machines[each].woken, machines[each].queued_since)
        for place, each in enumerate(sorted(machines))
    }
    mine = crowds.pop(number)
    woken = mine.woken + sum(one.woken for one in crowds.values())
    return share(mine, list(crowds.values()), room(woken, now))


def _turn(one: Crowd) -> tuple[datetime, int]:
    """Who has nobody waiting yet comes last."""
    return one.since or _LAST, one.turn
