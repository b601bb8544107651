"""The pure core alone: CPU time per event, by kind of event, with no log and no model."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

import agents
from app.core.partition import Head, Partition
from app.core.policy import Policy
from topics.encode import event_record
from topics.record import Record

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
BATCH = 2_000
ROOM = 32
# What a service's event weighs on the wire: the events of the comparison in the documentation are as long.
EVENT_BYTES = 300

Made = tuple[str, dict[str, Any]]


class Kind(msgspec.Struct, frozen=True):
    """One kind of event, and how its data is made for the nth event."""

    name: str
    make: Callable[[int], Made]


def _requested(n: int) -> Made:
    due_at = START + timedelta(days=3, seconds=n)
    return "intent.requested", {"agent": "follow_up", "subject": f"matter {n % 11}", "due_at": due_at}


def _message(n: int) -> Made:
    return "message.received", {"text": f"Nothing much today, number {n}.", "conversation_id": "c"}


KINDS = (
    Kind("activity", lambda _: ("app.opened", {})),
    Kind("message", _message),
    Kind("request", _requested),
    Kind("revocation", lambda n: ("intent.revoked", {"subject_key": f"matter {n % 11}"})),
    Kind("receipt", lambda n: ("nudge.delivered", {"nudge_id": f"nudge-{n}"})),
    Kind("unknown", lambda n: ("weather.changed", {"sky": "grey", "number": n})),
)
# Activity 40 %, messages 25 %, requests 10 %, revocations 10 %, receipts 10 %, types nobody knows 5 %.
MIX = (40, 25, 10, 10, 10, 5)


class Cost(msgspec.Struct, frozen=True):
    """CPU microseconds per event of one kind, over the rounds."""

    kind: str
    events: int
    microseconds: float
    least: float
    most: float


def measure(*, events: int = 30_000, people: int = 10_000, rounds: int = 3, seed: int = 1) -> Iterator[Cost]:
    """The cost of each kind on its own, then of the mix; each round a new partition with people who have consented."""
    for kind in KINDS:
        yield _cost(kind.name, [kind] * events, people, rounds)
    chosen = random.Random(seed).choices(KINDS, MIX, k=events)  # a mix, not a secret
    yield _cost("mix", chosen, people, rounds)


def _cost(name: str, kinds: list[Kind], people: int, rounds: int) -> Cost:
    taken = sorted(_round(kinds, people) / len(kinds) * 1e6 for _ in range(rounds))
    return Cost(name, len(kinds), statistics.median(taken), taken[0], taken[-1])


def _round(kinds: list[Kind], people: int) -> float:
    """CPU seconds for these events, their decoding and their commits included; consents are not counted."""
    partition = Partition(0, head=Head(), rows=lambda _: None, policy=Policy(), agents=agents.load([]))
    users = [f"person-{n:06}" for n in range(people)]
    consent: list[Made] = [("consent.changed", {"agent": "*", "granted": True})] * people
    _run(partition, _records(consent, users, 0))
    order = random.Random(7)  # the same people in the same order in each round
    events = _records(
        [kind.make(n) for n, kind in enumerate(kinds)], order.choices(users, k=len(kinds)), people
    )
    gc.collect()
    begun = time.process_time()
    _run(partition, events)
    return time.process_time() - begun


def _run(partition: Partition, records: list[Record]) -> None:
    for begin in range(0, len(records), BATCH):
        batch = records[begin : begin + BATCH]
        now = datetime.fromtimestamp(batch[-1].timestamp_ms / 1000, UTC)
        partition.receive(batch, now)
        partition.tick(now, ROOM)
        commit = partition.take_commit()
        if commit is not None:
            partition.committed(commit.number)
        partition.take_tally()


def _records(made: list[Made], users: list[str], first: int) -> list[Record]:
    start_ms = int(START.timestamp() * 1000)
    records = []
    for n, ((event_type, data), user) in enumerate(zip(made, users, strict=True), start=first):
        filler = "x" * max(0, EVENT_BYTES - 180 - len(str(data)))
        new = event_record(
            user_id=user,
            event_id=f"e{n}",
            source="bench",
            event_type=event_type,
            data={**data, "filler": filler},
            timestamp_ms=start_ms + n,
            time=START + timedelta(milliseconds=n),
        )
        records.append(Record(new.topic, 0, n, new.key, new.value, new.timestamp_ms))
    return records
