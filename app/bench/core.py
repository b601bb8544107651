"""CPU time per event of the pure core, by kind of event: no log, no model, no event loop.

Counted: decoding, pass, row and its encoding, commit. In microseconds of this process's CPU time.
A new partition with people who have consented, then some thousand events of one kind, in turns: kind after kind, many
times over. What disturbs only ever adds, so the least of the turns is the figure to compare.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import agents
from app.bench.figures import Figure, Plan, figure
from app.bench.mix import KINDS, Kind, consents, events, mixed, people, spread_over
from app.core.partition import Head, Partition
from app.core.policy import Policy
from topics.record import NewRecord, Record

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
BATCH = 2_000
ROOM = 32
EVENTS = 10_000
PEOPLE = 3_300
"""Three events of a kind for each, as when 10,000 people had 30,000."""
TURNS = 5
"""For each round that was asked for: 15 by default."""


def run(plan: Plan) -> Iterator[Figure]:
    """The cost of each kind on its own, then of the mix."""
    count = plan.scaled(EVENTS, least=BATCH)
    chosen = {kind.name: [kind] * count for kind in KINDS} | {"mix": mixed(count)}
    taken: dict[str, list[float]] = {name: [] for name in chosen}
    for turn in range(TURNS * plan.rounds):
        plan.say(f"core: turn {turn + 1} of {TURNS * plan.rounds}")
        for name, kinds in chosen.items():
            taken[name].append(microseconds(kinds))
    for name, values in taken.items():
        yield figure("core", f"CPU per event, {name}", "µs", values, note="the least is the steady one")


def microseconds(kinds: Sequence[Kind]) -> float:
    """Of CPU per event, for these events; consents are not counted."""
    users = people(max(1, PEOPLE * len(kinds) // EVENTS))
    partition = Partition(0, head=Head(), rows=lambda _: None, policy=Policy(), agents=agents.load([]))
    before = consents(users, START)
    after = events(kinds, spread_over(users, len(kinds), "uniform"), START, first=len(users))
    log = [read(record, offset) for offset, record in enumerate([*before, *after])]
    feed(partition, log[: len(before)])
    gc.collect()
    begun = time.process_time()
    feed(partition, log[len(before) :])
    return (time.process_time() - begun) / len(kinds) * 1e6


def feed(partition: Partition, log: Sequence[Record]) -> None:
    """Batch after batch, each committed before the next."""
    for begin in range(0, len(log), BATCH):
        batch = log[begin : begin + BATCH]
        now = datetime.fromtimestamp(batch[-1].timestamp_ms / 1000, UTC)
        partition.receive(batch, now)
        partition.tick(now, ROOM)
        commit = partition.take_commit()
        if commit is not None:
            partition.committed(commit.number)
        partition.take_tally()


def read(record: NewRecord, offset: int, partition: int = 0) -> Record:
    """The record as it comes back from the log."""
    return Record(record.topic, partition, offset, record.key, record.value, record.timestamp_ms)
