"""What keeps people from being written to although everything works: no events, dead letters, switches."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.doctor.faults import people as faults
from app.doctor.finding import Finding, fine
from app.drivers.controls import Controls
from app.outside.log import Log, now
from topics.controls import EVERYTHING, NUDGE_CONTROLS, Control
from topics.dead_letters import DEAD_LETTER
from topics.user_events import USER_EVENTS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

LATELY = timedelta(hours=24)
MOST_LETTERS = 10_000
"""Letters that are counted; who has more knows enough."""


async def people(
    log: Log, agents: Collection[str], *, letters: bool = True, controls: bool = True
) -> AsyncIterator[Finding]:
    """`letters`, `controls`: whether these may be read."""
    since = now() - LATELY
    async with aclosing(_generator(log.read(USER_EVENTS.name, since=since))) as events:
        any_event = await anext(events, None)
    if any_event is None:
        yield faults.NO_EVENTS.found("no event has come within the last 24 h")
    else:
        yield fine("events", "events have come within the last 24 h")
    if letters:
        yield await _letters(log)
    if controls:
        latest = Controls()
        async for record in log.read(NUDGE_CONTROLS.name):
            latest.fold([record])
        for finding in switches(latest.latest, agents):
            yield finding


async def _letters(log: Log) -> Finding:
    reasons: Counter[str] = Counter()
    async with aclosing(_generator(log.read(DEAD_LETTER.name, since=now() - LATELY))) as letters:
        async for letter in letters:
            reasons[dict(letter.headers).get("tactful_reason", b"unknown").decode(errors="replace")] += 1
            if reasons.total() >= MOST_LETTERS:
                break
    if not reasons:
        return fine("dead letters", "none within the last 24 h")
    told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
    return faults.DEAD_LETTERS.found(f"{reasons.total():,} within the last 24 h: {told}")


def switches(latest: Mapping[str, Control], agents: Collection[str]) -> Iterator[Finding]:
    """What is paused, since when and by whom."""
    paused = {name: control for name, control in latest.items() if control.paused}
    for name, control in paused.items():
        since = f"since {control.at:%Y-%m-%d %H:%M}Z by {control.by or 'somebody'}"
        if name == EVERYTHING:
            yield faults.KILL_SWITCH.found(f"everything is paused {since}")
        elif name in agents:
            yield faults.AGENTS_PAUSED.found(
                f"{name} is paused {since}", f"when it may go on: tactful agents resume {name}"
            )
        else:
            yield faults.UNKNOWN_PAUSED.found(f"{name} is paused {since}, and there is no such agent")
    if not paused:
        yield fine("switches", "nothing is paused")


def _generator(records: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """As what it is: a generator, which wants to be closed when it is left early."""
    return records  # type: ignore[return-value]  # every Log reads by generators
