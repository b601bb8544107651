"""When the worker got each event: the record says it of those whose pass left a trace, and it is bounded for others.

A partition is read in the order of its log. An event therefore came not before those above it, nor after those
below it, and not before the log had it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from app.backtest.record import Person, Recorded
from app.outside.log import moment
from topics.user_events import USER_EVENTS

Place = tuple[int, int]
"""Partition and offset in `user-events`."""
_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)


class _Known(NamedTuple):
    """Folded at `at`; `after` is the start of the pass of the same person that it had to wait for, if any."""

    at: datetime
    after: datetime | None


def arrivals(recorded: Recorded) -> Mapping[Place, datetime]:
    """When the worker took each event of the record, the maturity events among them."""
    logged: defaultdict[int, list[tuple[int, datetime]]] = defaultdict(list)
    known: dict[Place, _Known] = {}
    for person in recorded.people.values():
        for record in person.events:
            logged[record.partition].append((record.offset, moment(record.timestamp_ms)))
        for ripened in person.ripened:
            logged[ripened.partition].append((ripened.offset, ripened.at))
        _note(person, known)
    found: dict[Place, datetime] = {}
    for partition, log in logged.items():
        log.sort()
        _fill(partition, log, known, found)
    return found


def _note(person: Person, known: dict[Place, _Known]) -> None:
    """What the person's traces and outcomes tell of when their events were folded."""
    asked: list[tuple[datetime, datetime]] = []
    for ended, traced in person.passes:
        waited = _waited_for(asked, traced.now)
        for ref in traced.events:
            known[ref.partition, ref.offset] = _Known(traced.now, waited)
        if traced.asks:
            asked.append((traced.now, ended + _MILLISECOND))  # the log's time is cut to the millisecond
    in_traces = {traced.pass_id for _, traced in person.passes}
    for outcome in person.outcomes:
        by = outcome.closed_by
        if by is None or by.topic != USER_EVENTS.name or outcome.pass_id in in_traces:
            continue
        if by == outcome.matured_by:
            continue  # no event closed it: it was held, and its time ran out
        waited = _waited_for(asked, outcome.closed_at)
        known.setdefault((by.partition, by.offset), _Known(outcome.closed_at, waited))
        matured = outcome.matured_by
        if matured is not None and outcome.outcome == "revoked":
            # It came due and nothing looked at it: what revoked it was folded together with its maturity event.
            known.setdefault((matured.partition, matured.offset), _Known(outcome.closed_at, waited))


def _waited_for(asked: list[tuple[datetime, datetime]], at: datetime) -> datetime | None:
    """The start of the pass with a question that ended at this very moment."""
    n = bisect_right(asked, at, key=lambda one: one[0]) - 1
    if n < 0:
        return None
    began, ended = asked[n]
    return began if began < at <= ended else None


def _fill(
    partition: int,
    log: list[tuple[int, datetime]],
    known: Mapping[Place, _Known],
    found: dict[Place, datetime],
) -> None:
    """Between what is known: as soon as the log had it, and in the log's order."""
    latest: list[datetime | None] = [None] * len(log)
    bound: datetime | None = None
    for n in range(len(log) - 1, -1, -1):
        sure = known.get((partition, log[n][0]))
        if sure is not None and (bound is None or sure.at < bound):
            bound = sure.at
        latest[n] = bound
    came: datetime | None = None
    for n, (offset, logged) in enumerate(log):
        sure = known.get((partition, offset))
        if sure is not None and sure.after is None:
            at = sure.at
        else:
            at = logged if came is None else max(logged, came)
            upper = latest[n]
            if upper is not None and upper < at:
                at = upper
            if sure is not None and sure.after is not None:
                at = min(max(at, sure.after + _MICROSECOND), sure.at)
        found[partition, offset] = at
        came = at if came is None or at > came else came
