"""The shortest history that still breaks the same promise: moves, events and what is unusual are left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from tests.simulation.broken import Broken
from tests.simulation.moves import Bounds, History, Tell

WITHIN_S = 30.0
"""A history of a hundred moves is down to some ten within seconds; a flood may take longer."""
Part = TypeVar("Part")
Fails = Callable[[History], Broken | None]


def shortest(history: History, fails: Fails, within_s: float = WITHIN_S) -> History:
    """By delta debugging, until nothing more can be left out or the time is over."""
    shrinking = _Shrinking(fails, time.monotonic() + within_s)
    broken = fails(history)
    if broken is None:
        return history
    shrinking.promise = broken.promise
    before = None
    while before != history and not shrinking.is_over:
        before = history
        history = shrinking.fewer_moves(history)
        history = shrinking.fewer_events(history)
        history = shrinking.plainer(history)
    return history


class _Shrinking:
    def __init__(self, fails: Fails, until: float) -> None:
        self._fails = fails
        self._until = until
        self.promise = ""

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._until

    def _still(self, history: History) -> bool:
        broken = self._fails(history)
        return broken is not None and broken.promise == self.promise

    def fewer_moves(self, history: History) -> History:
        def with_moves(moves: Sequence[Any]) -> History:
            return msgspec.structs.replace(history, moves=tuple(moves))

        return with_moves(self._fewer(history.moves, lambda moves: self._still(with_moves(moves))))

    def fewer_events(self, history: History) -> History:
        for place, move in enumerate(history.moves):
            if isinstance(move, Tell) and len(move.events) > 1:
                history = self._fewer_of(history, place, move)
        return history

    def _fewer_of(self, history: History, place: int, move: Tell) -> History:
        def with_events(events: Sequence[Any]) -> History:
            return _with_move(history, place, Tell(events=tuple(events)))

        return with_events(self._fewer(move.events, lambda events: self._still(with_events(events))))

    def plainer(self, history: History) -> History:
        """Whatever is not as by default becomes so, where it does not matter."""
        for name in Bounds.__struct_fields__:
            usual = msgspec.structs.replace(history.bounds, **{name: getattr(Bounds(), name)})
            history = self._if_still(history, msgspec.structs.replace(history, bounds=usual))
        history = self._if_still(history, msgspec.structs.replace(history, partitions=1))
        for place in range(len(history.moves)):
            for plain in _plainer(history.moves[place]):
                history = self._if_still(history, _with_move(history, place, plain))
        return history

    def _if_still(self, history: History, other: History) -> History:
        return other if other != history and not self.is_over and self._still(other) else history

    def _fewer(self, parts: Sequence[Part], still: Callable[[Sequence[Part]], bool]) -> Sequence[Part]:
        """Leave out ever smaller chunks, the last ones first: what comes after the failure goes at once."""
        size = max(1, len(parts) // 2)
        while True:
            end = len(parts)
            while end > 0 and not self.is_over:
                fewer = [*parts[: max(0, end - size)], *parts[end:]]
                if still(fewer):
                    parts = fewer
                end -= size
                end = min(end, len(parts))
            if size == 1 or self.is_over:
                return parts
            size //= 2


def _with_move(history: History, place: int, move: Any) -> History:
    moves = list(history.moves)
    moves[place] = move
    return msgspec.structs.replace(history, moves=tuple(moves))


def _plainer(move: Any) -> Iterator[Any]:
    """The move with one field after another as it usually is."""
    if isinstance(move, Tell):
        for place, event in enumerate(move.events):
            for name, usual in (("age", 0), ("astray", False), ("forwarded", False)):
                if getattr(event, name) != usual:
                    events = list(move.events)
                    events[place] = msgspec.structs.replace(event, **{name: usual})
                    yield Tell(events=tuple(events))
        return
    usual_fields = dict(
        zip(reversed(move.__struct_fields__), reversed(move.__struct_defaults__), strict=False)
    )
    for name, usual in usual_fields.items():
        if getattr(move, name) != usual:
            yield msgspec.structs.replace(move, **{name: usual})
