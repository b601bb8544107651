"""The verifier from outside: what the topics show to a reader of committed records, and what must be there.

It shares no code with what it judges (an import contract says so): it has a Kafka client of its own, `topics` and
`app.verify`, and what the load was told.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.verify.checks import broken
from app.verify.event import Event, event_of
from app.verify.finding import Broken, Given
from app.verify.kept import Planned, Written
from app.verify.seen import ORDER, Seen
from topics.record import Record

READ_WITHIN_S = 90.0
POLL_MS = 300
LOOK_AT_MOST_S = 2.0
"""Under load there is always one more record to read."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event that the broker acknowledged to the load."""

    event_id: str
    user: str
    type: str
    key: str | None
    partition: int
    offset: int


@dataclass(slots=True, kw_only=True)
class Judgement:
    """What is wrong, each by what it is about; empty where the promise was kept."""

    events: int = 0
    nudges: int = 0
    outcomes: int = 0
    open: int = 0
    dead_letters: int = 0
    missing: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """What `app.verify` finds, and events that the broker had acknowledged and no longer has."""

    @property
    def kept(self) -> bool:
        return not (self.missing or self.twice or self.stale or self.broken)

    def lines(self, at_most: int = 6) -> Iterator[str]:
        """The first findings of each kind."""
        for name in ("missing", "twice", "stale", "broken"):
            found: list[str] = getattr(self, name)
            for one in found[:at_most]:
                yield f"{name}: {one}"
            if len(found) > at_most:
                yield f"{name}: ... and {len(found) - at_most} more"


@asynccontextmanager
async def consumer(bootstrap: str, *, committed: bool = True) -> Any:
    """A reader in no group, which knows only positions that it was given."""
    one = AIOKafkaConsumer(
        bootstrap_servers=bootstrap.split(","),
        client_id="verifier",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed" if committed else "read_uncommitted",
        fetch_max_wait_ms=100,
    )
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


def as_record(raw: Any, prefix: str) -> Record:
    """A record without the deployment's prefix."""
    return Record(
        topic=raw.topic.removeprefix(prefix),
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key,
        value=raw.value,
        timestamp_ms=raw.timestamp,
        headers=raw.headers,
    )


async def records(bootstrap: str, prefix: str, topic: str, partitions: int) -> list[Record]:
    """All committed records of a topic up to the end of its log, partition by partition."""
    places = [TopicPartition(prefix + topic, number) for number in range(partitions)]
    found: list[Record] = []
    async with (
        consumer(bootstrap, committed=False) as all_of_it,
        consumer(bootstrap) as one,
        asyncio.timeout(READ_WITHIN_S),
    ):
        ends = await all_of_it.end_offsets(places)
        one.assign(places)
        await one.seek_to_beginning(*places)
        left = set(places)
        while left:
            batches = await one.getmany(timeout_ms=POLL_MS)
            found += [as_record(raw, prefix) for batch in batches.values() for raw in batch]
            left = {place for place in left if await one.position(place) < ends[place]}
    return sorted(found, key=lambda record: (record.partition, record.offset))


async def judge(
    bootstrap: str,
    prefix: str,
    partitions: int,
    told: Sequence[Told],
    *,
    min_gap: timedelta,
) -> Judgement:
    """Read everything, and hold it against the promises and against what the load was told.

    Whether anything waits is not asked: the scene has seen from outside that nothing did, and a worker that was
    drained since may have left a maturity event that came due meanwhile.
    """
    topics = {
        topic: await records(bootstrap, prefix, topic, 1 if topic == "dead-letter" else partitions)
        for topic in ORDER
    }
    given = Given(min_gap=min_gap, policy_version=None, idle_at=None)
    return judged(topics, partitions, told, given)


def judged(
    topics: Mapping[str, Sequence[Record]], partitions: int, told: Sequence[Told], given: Given
) -> Judgement:
    """What these topics, with all their records, show of the promises."""
    seen = Seen(partitions)
    for topic in ORDER:
        for record in topics[topic]:
            seen.add(record)
    events = [event for record in topics["user-events"] if (event := event_of(record)) is not None]
    return Judgement(
        events=len(topics["user-events"]),
        nudges=len(seen.nudges),
        outcomes=len(seen.outcomes),
        open=sum(1 for _ in seen.planned),
        dead_letters=len(topics["dead-letter"]),
        missing=[*_missing(seen, told)],
        twice=[*_twice(seen)],
        stale=[*_stale(seen, events)],
        broken=[*_lost(events, told), *(_line(each) for each in broken(seen, given))],
    )


def _line(found: Broken) -> str:
    return f"{found.check} {found.id} of {found.user or 'nobody'}: {found.says}"


def _lost(events: Iterable[Event], told: Iterable[Told]) -> Iterator[str]:
    """What the broker acknowledged stands where it said."""
    there = {(event.partition, event.offset): f"{event.source}/{event.id}" for event in events}
    for each in told:
        if there.get((each.partition, each.offset)) != each.event_id:
            yield f"{each.event_id} was acknowledged at {each.partition}@{each.offset} and is not there"


def _missing(seen: Seen, told: Iterable[Told]) -> Iterator[str]:
    """Every plan that was asked for is open or has an outcome; asking again by the same key moves it."""
    opened = Counter(outcome.value["opened_by"]["event_id"] for outcome in seen.outcomes)
    opened.update(planned.opened_by["event_id"] for planned in seen.planned)
    asked: defaultdict[tuple[str, str | None], set[str]] = defaultdict(set)
    for each in told:
        if each.type == "intent.requested":
            asked[each.user, each.key].add(each.event_id)
    for (user, key), ids in asked.items():
        if not any(opened[event_id] for event_id in ids):
            yield f"{key} of {user} was asked for by {', '.join(sorted(ids))}: neither open nor closed"


def _twice(seen: Seen) -> Iterator[str]:
    """No nudge twice, no two of one intent, no two outcomes of one, none both closed and open."""
    facts: Mapping[str, Counter[str]] = {
        "nudge": Counter(nudge.value["nudge_id"] for nudge in seen.nudges),
        "nudges of the intent": Counter(nudge.value["intent_id"] for nudge in seen.nudges),
        "outcomes of the intent": Counter(outcome.value["intent_id"] for outcome in seen.outcomes),
        "plans or outcomes of the intent": Counter(
            [outcome.value["intent_id"] for outcome in seen.outcomes]
            + [planned.intent_id for planned in seen.planned]
        ),
    }
    for what, counted in facts.items():
        yield from (f"{times} times {what} {name}" for name, times in counted.items() if times > 1)


def _stale(seen: Seen, events: Iterable[Event]) -> Iterator[str]:
    """No nudge whose intent has a revoking or settling event between its opening and its maturity event."""
    of: defaultdict[str, list[Event]] = defaultdict(list)
    copies: set[tuple[str, str, str]] = set()
    by_id: dict[str, Event] = {}
    for event in events:
        if (identity := (event.user, event.source, event.id)) not in copies:
            copies.add(identity)
            by_id[f"{event.source}/{event.id}"] = event
            of[event.user].append(event)
    for outcome in seen.outcomes:
        value = outcome.value
        if value["outcome"] != "nudged" or value["matured_by"] is None:
            continue
        opener = by_id.get(value["opened_by"]["event_id"])
        for event in of[outcome.key]:
            between = value["opened_by"]["offset"] < event.offset < value["matured_by"]["offset"]
            if between and _ends(outcome, opener, event):
                yield (
                    f"{value['nudge_id']} of {outcome.key}: {event.type} at {event.partition}@{event.offset} "
                    f"stands before its maturity at {value['matured_by']['offset']}"
                )


def _ends(outcome: Written, opener: Event | None, event: Event) -> bool:
    """Whether this event, by what the load means by it, ends the plan."""
    value, data = outcome.value, event.data
    asked: Mapping[str, Any] = opener.data if opener is not None else {}
    exits = [each.get("where", {}) for each in asked.get("exit_on", ()) if each["type"] == event.type]
    if event.type == "user.erased" or any(where.items() <= data.items() for where in exits):
        return True
    match event.type:
        case "consent.changed":
            return data.get("granted") is False and data.get("agent") in {value["agent"], "*"}
        case "intent.revoked":
            key = data.get("subject_key")
            return data.get("intent_id") == value["intent_id"] or (
                key is not None and key == asked.get("subject_key")
            )
        case "calendar.changed":
            same = data.get("calendar_event_id") == asked.get("calendar_event_id")
            return value["agent"] == "calendar" and same and data.get("status") == "cancelled"
        case "message.received":
            settled = "went fine" in str(data.get("text")) and value["subject"] == "upcoming procedure"
            return value["agent"] == "curiosity" or settled
        case _:
            return False


# What is left to do, while it is being done.


@dataclass(slots=True)
class _Waiting:
    """What stands in a partition's log and is not known to be done: offsets, and since when each stands there."""

    since: dict[int, float] = field(default_factory=dict)

    def forget(self, head: Mapping[str, Any]) -> None:
        unfinished = set(head["unfinished"])
        self.since = {
            offset: at
            for offset, at in self.since.items()
            if offset >= head["next"] and (offset > head["high"] or offset in unfinished)
        }


class Standing:
    """Follows `nudge-state` and the input from outside, and says what waits, and for how long."""

    def __init__(self, bootstrap: str, prefix: str, partitions: int) -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._places = [TopicPartition(prefix + "user-events", number) for number in range(partitions)]
        self._states = [TopicPartition(prefix + "nudge-state", number) for number in range(partitions)]
        self._seen = Seen(partitions)
        self._waiting = [_Waiting() for _ in range(partitions)]
        self._overdue: dict[str, float] = {}
        self._blocked: dict[int, tuple[int, float]] = {}
        """Where a partition's last stable offset stands before its end, and since when."""

    @asynccontextmanager
    async def following(self) -> Any:
        """Call `look` as often as wished inside."""
        async with consumer(self._bootstrap) as one, consumer(self._bootstrap, committed=False) as latest:
            one.assign([*self._places, *self._states])
            await one.seek_to_beginning(*self._places, *self._states)
            self._one, self._latest = one, latest
            yield self

    async def look(self) -> None:
        """Read what came since."""
        now = time.time()
        while batches := await self._one.getmany(timeout_ms=POLL_MS):
            for raw in (raw for batch in batches.values() for raw in batch):
                record = as_record(raw, self._prefix)
                if record.topic == "nudge-state":
                    self._seen.add(record)
                else:
                    self._waiting[record.partition].since[record.offset] = min(
                        now, record.timestamp_ms / 1000
                    )
            if time.time() - now > LOOK_AT_MOST_S:
                break
        for number, head in self._seen.heads.items():
            self._waiting[number].forget(head)
        self._overdue = {each.intent_id: self._overdue_since(each) for each in self._seen.planned}
        stable, latest = (
            await self._one.end_offsets(self._places),
            await self._latest.end_offsets(self._places),
        )
        for number, place in enumerate(self._places):
            stood_at, since = self._blocked.get(number, (-1, now))
            moved = stable[place] > stood_at or stable[place] >= latest[place]
            self._blocked[number] = (stable[place], now if moved else since)

    def _overdue_since(self, planned: Planned) -> float:
        """When it was to be looked at; on its way through the log its next look is far off: when it was seen so."""
        if planned.status == "maturing":
            return min(time.time(), self._overdue.get(planned.intent_id, float("inf")))
        return planned.wake_at.timestamp()

    @property
    def knows(self) -> bool:
        """Whether every partition has a row of its own by now: before, nothing is known to be done."""
        return len(self._seen.heads) == self._seen.partitions

    def late(self, than_s: float) -> list[str]:
        """What has waited longer than this: events, plans, and partitions behind an open transaction."""
        since = time.time() - than_s
        lines = [
            f"{len(late)} events of partition {number}, the first at {min(late)}"
            for number, waiting in enumerate(self._waiting)
            if (late := [offset for offset, at in waiting.since.items() if at < since])
        ]
        overdue = [name for name, at in self._overdue.items() if at < since]
        if overdue:
            lines.append(f"{len(overdue)} plans, such as {overdue[0]}")
        blocked = [number for number, (_, at) in self._blocked.items() if at < since]
        return lines + [f"partition {number} is behind an open transaction" for number in blocked]
