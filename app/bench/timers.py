"""What a partition costs while it holds very many open intents: no log, no model.

1,000,000 people with one open plan each, restored from their rows into one partition.
Measured: the time of a poll (`tick` when nothing is due, microseconds: p50 and p99), the CPU time of opening a plan and
of moving one for people whose rows are not in the cache (microseconds per event, and the same on an empty partition),
the bytes of memory that the partition holds for each plan, and the bytes of a row.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

import agents
from app.bench.core import BATCH, ROOM, feed, read
from app.bench.figures import Figure, Goal, Plan, figure, percentile
from app.bench.mix import Made, consents, people, records
from app.core import row as rows
from app.core.ids import derived
from app.core.partition import Head, Partition
from app.core.policy import Policy
from topics.record import Record

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
INTENTS = 1_000_000
TOUCHED = 20_000
POLLS = 2_000
POLL_AT_MOST_US = 50.0


def run(plan: Plan) -> Iterator[Figure]:
    """One partition is filled once; the rounds measure it again and again."""
    count, touched = plan.scaled(INTENTS, least=1_000), plan.scaled(TOUCHED, least=200)
    plan.say(f"timers: {count:,} rows with an open plan")
    kept = dict(seeds(people(count), [START + timedelta(days=3)] * count, opened_at=START))
    yield figure("timers", "a row with one open plan", "bytes", [sum(map(len, kept.values())) / count])
    gc.collect()
    before = resident()
    full = _partition(kept)
    full.restore_timers(kept.items())
    held = (resident() - before) / count
    yield figure("timers", f"memory per plan, {count:,} open", "bytes", [held])
    p50, p99 = [], []
    for _ in range(plan.rounds):
        polls = _polls(full)
        p50.append(percentile(polls, 0.5))
        p99.append(percentile(polls, 0.99))
    yield figure("timers", f"poll, p50, {count:,} open", "µs", p50, goal=Goal("at most", POLL_AT_MOST_US))
    yield figure("timers", f"poll, p99, {count:,} open", "µs", p99)
    yield from _touches(plan, full, list(kept)[:: max(1, count // touched)][:touched])


def _touches(plan: Plan, full: Partition, users: Sequence[str]) -> Iterator[Figure]:
    taken: dict[str, list[float]] = {}
    offset = 10 * INTENTS
    for turn in range(plan.rounds):
        empty = _partition({})
        feed(empty, [read(one, n) for n, one in enumerate(consents(users, START))])
        for name, partition in (("many", full), ("none", empty)):
            for deed, subject in (("opening", f"new {turn}"), ("moving", f"new {turn}")):
                offset += len(users)
                due_at = START + timedelta(days=4 if deed == "opening" else 5)
                taken.setdefault(f"{deed} a plan, {name} open", []).append(
                    _asked(partition, users, subject, due_at, offset)
                )
    for measure, values in taken.items():
        yield figure("timers", measure, "µs", values)


def _asked(partition: Partition, users: Sequence[str], subject: str, due_at: datetime, first: int) -> float:
    made: Made = ("intent.requested", {"agent": "follow_up", "subject": subject, "due_at": due_at})
    log = [
        read(one, first + n) for n, one in enumerate(records([made] * len(users), users, START, first=first))
    ]
    gc.collect()
    begun = time.process_time()
    feed(partition, log)
    return (time.process_time() - begun) / len(users) * 1e6


def _polls(partition: Partition) -> list[float]:
    taken = []
    for n in range(POLLS):
        now = START + timedelta(milliseconds=n)
        begun = time.perf_counter()
        partition.tick(now, ROOM)
        partition.next_wake()
        taken.append((time.perf_counter() - begun) * 1e6)
    return taken


def _partition(kept: Mapping[str, bytes]) -> Partition:
    return Partition(0, head=Head(), rows=kept.get, policy=Policy(), agents=agents.load([]))


def resident() -> int:
    """Bytes of this process that are in memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status does not say how much memory is resident")


def seeds(
    users: Sequence[str], due: Sequence[datetime], *, opened_at: datetime
) -> Iterator[tuple[str, bytes]]:
    """Rows of people who have consented and have one open plan, as the worker would have written them."""
    like = _one_row(opened_at)
    [intent] = like.intents.values()
    for user, due_at in zip(users, due, strict=True):
        intent_id = derived(user, "seed")
        own = msgspec.structs.replace(
            intent,
            intent_id=intent_id,
            due_at=due_at,
            ripe_at=due_at,
            wake_at=due_at,
            expires_at=due_at + timedelta(days=7),
        )
        yield user, rows.encode(msgspec.structs.replace(like, user_id=user, intents={intent_id: own}))


def _one_row(opened_at: datetime) -> rows.Row:
    """A row that a partition wrote."""
    partition = _partition({})
    asked: Made = (
        "intent.requested",
        {"agent": "follow_up", "subject": "how it went", "due_at": opened_at + timedelta(days=3)},
    )
    consent: Made = ("consent.changed", {"agent": "*", "granted": True})
    log: list[Record] = [
        read(one, n) for n, one in enumerate(records([consent, asked], ["seed", "seed"], opened_at))
    ]
    partition.receive(log[:BATCH], opened_at)
    commit = partition.take_commit()
    if commit is None or (written := commit.rows["seed"]) is None:
        raise AssertionError("a person with a plan has a row")
    return rows.decode(written)
