"""From a seed to a history: who lives, under which policy and bounds, and what goes wrong how often.

Each seed makes some moves frequent and leaves others out: histories in which everything happens a little are all alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.simulation import policies
from tests.simulation.answers import KINDS
from tests.simulation.events import AGENTS, DAY, HOUR, MINUTE, SECOND, Lives
from tests.simulation.moves import (
    Again,
    Answer,
    Bounds,
    Crash,
    Deliver,
    End,
    History,
    Hole,
    Jump,
    Lose,
    Move,
    Position,
    Rewind,
    Settle,
    Stale,
    Start,
    Switch,
    Take,
    TakeOver,
    Tell,
    Tick,
    UntilDue,
    Wait,
)

EVERYTHING = 500
FLOOD_FROM = 30
_ALL = 1_000

WEIGHTS: dict[str, float] = {
    "tell": 14,
    "again": 1,
    "hole": 0.7,
    "lose": 0.5,
    "deliver": 14,
    "rewind": 0.7,
    "position": 1,
    "tick": 9,
    "answer": 14,
    "late answer": 1,
    "take": 6,
    "end": 8,
    "crash": 2,
    "downtime": 0.6,
    "take over": 0.7,
    "stale": 1,
    "wait": 7,
    "until due": 12,
    "jump": 0.7,
    "switch": 0.8,
    "settle": 5,
    "race": 2,
    "meanwhile": 2,
    "breaks": 0.7,
    "unheard": 0.5,
    "flood": 0.15,
    "round": 8,
}
# Without these nothing would ever happen.
_NEEDED = ("tell", "deliver", "tick", "answer", "take", "end", "until due", "round")


def history(seed: int) -> History:
    """The history of a seed: always the same."""
    return _Adversary(seed).history()


class _Adversary:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rng = rng = random.Random(seed)
        self._partitions = 2 if rng.random() < 0.15 else 1
        self._policy = rng.choice(policies.CHOICE)
        self._lives = Lives(rng, rng.choice((1, 1, 2, 3, 4, 4, 9)), self._partitions)
        self._bounds = Bounds(
            mailbox=rng.choice((3, 6, 500, 500)),
            cached=rng.choice((1, 20_000)),
            chunk=rng.choice((1, 2, 40)),
            unread=rng.choice((300, 65_536, 65_536)),
            open=rng.choice((2, 5, 50)),
            seen=rng.choice((8, 256, 256)),
            doubts=rng.choice((1, 20)),
            recallable=rng.choice((1, 10)),
            row=rng.choice((6_000, 262_144, 262_144, 262_144)),
        )
        weights = {
            name: weight * rng.choice((0.5, 1, 2) if name in _NEEDED else (0, 0, 0.5, 1, 3))
            for name, weight in WEIGHTS.items()
        }
        self._names, self._weights = list(weights), list(weights.values())
        self._answers = [weight * rng.choice((0, 1, 1, 2)) for weight in (6, 4, 1.5, 0.7, 3)]
        self._answers[0] += 0.5
        self._endings = rng.choice(((1, 0, 0), (8, 1, 1), (3, 1, 1)))

    def history(self) -> History:
        """Some 40 to 140 moves."""
        rng, moves = self._rng, [Tell(events=tuple(self._lives.beginning()))]
        made: list[Move] = [*moves, Deliver(most=_ALL)]
        for name in rng.choices(self._names, self._weights, k=rng.choice((30, 60, 60, 100))):
            made.extend(_MOVES[name](self))
        return History(
            seed=self._seed,
            policy=self._policy,
            partitions=self._partitions,
            bounds=self._bounds,
            moves=tuple(made),
        )

    def _lane(self) -> int:
        return self._rng.randrange(self._partitions)

    def _skew(self) -> int:
        return self._rng.choice((0, 0, 0, -5 * MINUTE, -HOUR, 3 * MINUTE, 2 * HOUR))

    def tell(self) -> list[Move]:
        return [Tell(events=tuple(self._lives.any() for _ in range(self._rng.choice((1, 1, 2, 4)))))]

    def again(self) -> list[Move]:
        return [Again(which=self._rng.random())]

    def hole(self) -> list[Move]:
        return [Hole(lane=self._lane())]

    def lose(self) -> list[Move]:
        return [Lose(lane=self._lane())]

    def deliver(self) -> list[Move]:
        return [Deliver(lane=self._lane(), most=self._rng.choice((1, 1, 2, 3, _ALL)))]

    def rewind(self) -> list[Move]:
        return [Rewind(lane=self._lane(), by=self._rng.choice((1, 3, 10)))]

    def position(self) -> list[Move]:
        return [Position(lane=self._lane())]

    def tick(self) -> list[Move]:
        return [Tick(lane=self._lane(), room=self._rng.choice((0, 1, 1, 5)))]

    def answer(self) -> list[Move]:
        rng = self._rng
        kind = rng.choices(KINDS, self._answers)[0]
        return [Answer(lane=self._lane(), which=rng.random(), kind=kind, seed=rng.randrange(10_000))]

    def late_answer(self) -> list[Move]:
        return [
            Answer(lane=self._lane(), which=self._rng.random(), late=True, seed=self._rng.randrange(10_000))
        ]

    def take(self) -> list[Move]:
        return [Take(lane=self._lane())]

    def end(self) -> list[Move]:
        how = self._rng.choices(("ok", "lost", "half"), self._endings)[0]
        return [End(lane=self._lane(), how=how)]  # type: ignore[arg-type]  # the three words of an ending

    def crash(self) -> list[Move]:
        local = self._rng.choice(("kept", "kept", "stale", "empty"))
        behind = self._rng.choice((1, 3, 30))
        return [Crash(lane=self._lane(), local=local, behind=behind, skew=self._skew())]  # type: ignore[arg-type]  # as above

    def downtime(self) -> list[Move]:
        lane, during = self._lane(), self.tell() if self._rng.random() < 0.7 else []
        away = self._rng.choice((MINUTE, 20 * MINUTE, 6 * HOUR, 2 * DAY, 9 * DAY))
        return [Crash(lane=lane, down=True), *during, Wait(ms=away), Start(lane=lane, skew=self._skew())]

    def take_over(self) -> list[Move]:
        landed, behind = self._rng.random() < 0.5, self._rng.choice((None, None, 0, 2, 20))
        return [TakeOver(lane=self._lane(), landed=landed, behind=behind, skew=self._skew())]

    def stale(self) -> list[Move]:
        what = self._rng.choice(("deliver", "tick", "answer", "commit"))
        return [Stale(lane=self._lane(), what=what)]  # type: ignore[arg-type]  # as above

    def wait(self) -> list[Move]:
        return [
            Wait(
                ms=self._rng.choice(
                    (50, SECOND, 31 * SECOND, 61 * SECOND, 5 * MINUTE, 16 * MINUTE, HOUR, 9 * HOUR, DAY)
                )
            )
        ]

    def until_due(self) -> list[Move]:
        return [UntilDue(off=self._rng.choice((0, 0, 0, 1, -1, SECOND)))]

    def jump(self) -> list[Move]:
        return [Jump(lane=self._lane(), ms=self._rng.choice((-2 * HOUR, -MINUTE, MINUTE, 2 * HOUR, 2 * DAY)))]

    def switch(self) -> list[Move]:
        return [Switch(agent=self._rng.choice(("*", *AGENTS)), paused=self._rng.random() < 0.6)]

    def settle(self) -> list[Move]:
        return [Settle(lane=self._lane(), seed=self._rng.randrange(10_000))]

    def race(self) -> list[Move]:
        """A revocation and a maturity event reach the log one right after the other, in either order."""
        rng, lane = self._rng, self._lane()
        revoke = Tell(events=(self._lives.revocation(rng.choice(self._lives.people)),))
        ripen: list[Move] = [UntilDue(), Tick(lane=lane, room=5), Take(lane=lane)]
        raced: list[Move] = [revoke, End(lane=lane)] if rng.random() < 0.5 else [End(lane=lane), revoke]
        read: list[Move] = [Deliver(lane=lane, most=rng.choice((1, _ALL)))]
        if rng.random() < 0.5:
            read = [*self.answer(), *read]
        return [*ripen, *raced, *read, *self.answer(), *self.answer(), Take(lane=lane), *self.end()]

    def meanwhile(self) -> list[Move]:
        """Something happens while the words for somebody are being written."""
        rng, lane = self._rng, self._lane()
        kind = rng.choice(
            (
                *("grant", "grant", "profile.updated", "withdrawal", "intent.requested", "intent.revoked"),
                *("digest.item", "parcel", "calendar.changed", "conversation.ended", "receipt"),
            )
        )
        ripen: list[Move] = [UntilDue(), Tick(lane=lane, room=5), Take(lane=lane), End(lane=lane)]
        happens: list[Move] = [Tell(events=(self._lives.of_kind(kind, rng.choice(self._lives.people)),))]
        read: list[Move] = [Deliver(lane=lane, most=_ALL)]
        return [
            *ripen,
            *read,
            *self.answer(),
            *happens,
            *read,
            *self.answer(),
            *self.answer(),
            Take(lane=lane),
            *self.end(),
        ]

    def breaks(self) -> list[Move]:
        """What breaks a pass arrives with what wakes it and with something that may stop it, in one mailbox."""
        rng, lane = self._rng, self._lane()
        user = rng.choice(self._lives.people)
        broke = self._lives.of_kind("brittle.broke", user)
        ripen: list[Move] = [UntilDue(), Tick(lane=lane, room=5), Take(lane=lane), End(lane=lane)]
        told = Tell(events=(broke, self._lives.revocation(user)))
        return [*ripen, told, Deliver(lane=lane, most=_ALL), Take(lane=lane), *self.end()]

    def unheard(self) -> list[Move]:
        """One maturity event after another is lost, with room for one person at a time."""
        lane = self._lane()
        lost: list[Move] = [UntilDue(), Lose(), Tick(lane=lane, room=1), Take(lane=lane), End(lane=lane)]
        return lost * self._rng.choice((1, 2, 3))

    def flood(self) -> list[Move]:
        """More than a mailbox holds, at once, for one person."""
        rng, limit = self._rng, self._bounds.mailbox
        size = limit + rng.choice((-1, 0, 1, 20))
        user = rng.choice(self._lives.people)
        events = tuple(self._lives.flood(user, size))
        return [Tell(events=events), Deliver(lane=self._lane(), most=rng.choice((1, _ALL)))]

    def round(self) -> list[Move]:
        """What a driver does once nothing goes wrong: it is this that brings plans to their end."""
        lane = self._lane()
        return [
            *self.until_due(),
            Tick(lane=lane, room=5),
            Take(lane=lane),
            *self.end(),
            Deliver(lane=lane, most=_ALL),
            *self.answer(),
        ]


_MOVES: dict[str, Callable[[_Adversary], list[Move]]] = {
    name: getattr(_Adversary, name.replace(" ", "_")) for name in WEIGHTS
}
