"""What is called done is done: the partitions' own rows against everything that followed from their events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.verify.finding import Broken, Given
from app.verify.opening import lives
from app.verify.seen import Seen, refs
from topics.murmur2 import partition_of
from topics.user_events import USER_EVENTS

PATIENCE = timedelta(minutes=1)
"""What is due is woken within a second and decided within a pass's minute."""


def readable(seen: Seen, given: Given) -> Iterator[Broken]:
    """What the worker wrote can be read by everybody."""
    del given
    for place in seen.unreadable:
        where, _, what = place.partition(": ")
        yield Broken(check="readable", id=where, user="", says=f"it is not what its topic holds: {what}")


def heads(seen: Seen, given: Given) -> Iterator[Broken]:
    """A partition's own row fits the topic, and calls nothing done that it also calls unfinished."""
    del given
    for partition, head in seen.heads.items():
        if head["partitions"] != seen.partitions:
            says = (
                f"its rows were written for {head['partitions']} partitions, and there are {seen.partitions}"
            )
            yield _broken(partition, says)
        wrong = [offset for offset in head["unfinished"] if not head["next"] <= offset <= head["high"]]
        if wrong:
            says = f"everything below {head['next']} is done, and {wrong[0]} is called unfinished"
            yield _broken(partition, says)
    for partition, before, after in seen.went_back:
        yield _broken(partition, f"everything below {before} was done, and later only what is below {after}")


def effects(seen: Seen, given: Given) -> Iterator[Broken]:
    """Whatever something followed from is done: effect and position became durable together."""
    del given
    for outcome in seen.outcomes:
        for name, place in refs(outcome.value):
            if not seen.is_done(place):
                says = f"an outcome says {name} {place[1]}, which is not done ({outcome.value['outcome_id']})"
                yield _broken(place[0], says)
    for life in lives(seen):
        if life.outcome is None and not seen.is_done((life.partition, life.opened)):
            yield _broken(
                life.partition, f"an intent is open by {life.opened}, which is not done ({life.intent_id})"
            )


def homes(seen: Seen, given: Given) -> Iterator[Broken]:
    """What is said of a person stands in the person's partition, under the person's key."""
    del given
    for record in (*seen.nudges, *seen.recalls, *seen.outcomes):
        what = record.value.get("outcome_id") or record.value["nudge_id"]
        if record.value["user_id"] != record.key:
            yield Broken(
                check="home", id=what, user=record.key, says=f"it is about {record.value['user_id']}"
            )
        if partition_of(record.key.encode(), seen.partitions) != record.partition:
            says = f"it stands in partition {record.partition}, which is not the person's"
            yield Broken(check="home", id=what, user=record.key, says=says)
    for where, user in seen.strayed:
        yield Broken(
            check="home", id=where, user=user, says="it stands in a partition that is not the person's"
        )


def idle(seen: Seen, given: Given) -> Iterator[Broken]:
    """Asked for only: every event is decided, and nothing that is due waits."""
    if given.idle_at is None:
        return
    for partition, last in seen.last.items():
        head = seen.heads.get(partition)
        if head is None or head["next"] <= last:
            done = 0 if head is None else head["next"]
            yield Broken(
                check="idle",
                id=f"{USER_EVENTS.name}-{partition}",
                user="",
                says=f"it ends at {last}, and only what is below {done} is done: is a worker running?",
            )
    for planned in seen.planned:
        if planned.wake_at + PATIENCE <= given.idle_at:
            says = f"it was to be looked at {planned.wake_at.isoformat()} and is {planned.status}"
            yield Broken(check="idle", id=planned.intent_id, user=planned.user, says=says)


def _broken(partition: int, says: str) -> Broken:
    return Broken(check="done", id=f"{USER_EVENTS.name}-{partition}", user="", says=says)
