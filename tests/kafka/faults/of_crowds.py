"""What many do at once: a backlog of a hundred thousand overdue plans, and one person with ten thousand events."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.drivers.kafka_append import Appender
from tests.kafka.faults.ledger import records
from tests.kafka.faults.lives import POLICY, SOURCE
from tests.kafka.faults.probes import Probes, probes, told
from tests.kafka.faults.scene import Scene, fault
from topics.record import NewRecord

AT_ONCE = 5_000
CATCH_UP_POLICY = POLICY + "catch_up: {late_by: 1h}\n"
# How late each share of the backlog is; the policy above sends what is late by an hour at most.
OVERDUE = {
    "nudged": (10_000, timedelta(minutes=30), None),
    "too_late": (60_000, timedelta(hours=2), None),
    "expired": (30_000, timedelta(hours=2), timedelta(minutes=10)),
}
OVERDUE_SUBJECT = "the move"
HOT_EVENTS = 10_000
QUIET_PEOPLE = 10_000
HOT = "hot"


def _event(user: str, number: object, kind: str, data: dict[str, Any]) -> NewRecord:
    now = datetime.now(UTC)
    body = {
        "id": f"{user}-{number}",
        "source": SOURCE,
        "type": kind,
        "time": now.isoformat(),
        "user_id": user,
        "data": data,
    }
    return NewRecord("user-events", user.encode(), json.dumps(body).encode(), int(now.timestamp() * 1000))


def _consent(user: str) -> NewRecord:
    return _event(user, "consent", "consent.changed", {"agent": "*", "granted": True})


async def _write(scene: Scene, events: Iterable[NewRecord]) -> None:
    appender = Appender(scene.kafka)
    await appender.start()
    try:
        batch: list[NewRecord] = []
        for event in events:
            batch.append(event)
            if len(batch) == AT_ONCE:
                await appender.append(batch)
                batch = []
        if batch:
            await appender.append(batch)
    finally:
        await appender.stop()


async def _outcomes(scene: Scene) -> list[dict[str, Any]]:
    found = await records(scene.cluster.bootstrap, scene.prefix, "nudge-outcome", scene.partitions)
    return [json.loads(record.value or b"") for record in found]


# A hundred thousand


def _overdue() -> Iterator[NewRecord]:
    now = datetime.now(UTC)
    for name, (count, late, expired) in OVERDUE.items():
        for n in range(count):
            user = f"{name}-{n}"
            plan = {
                "agent": "follow_up",
                "subject": OVERDUE_SUBJECT,
                "subject_key": user,
                "due_at": (now - late).isoformat(),
            }
            if expired is not None:
                plan["expires_at"] = (now - expired).isoformat()
            yield _consent(user)
            yield _event(user, "asked", "intent.requested", plan)


@fault(
    "hundred thousand overdue",
    workers=2,
    policy=CATCH_UP_POLICY,
    # The default session: whoever must share a machine with the rest of the scene is not to be taken for dead.
    env={"TACTFUL_MODEL": "none", "TACTFUL_KAFKA__SESSION_TIMEOUT": "10s"},
    recovers_within_s=240,
)
async def hundred_thousand_overdue(scene: Scene) -> None:
    """Written while no worker runs; then caught up with as the policy says, and other people are served meanwhile."""
    total = sum(count for count, *_ in OVERDUE.values())
    for number in scene.workers:
        await scene.fleet.terminate(number)
    down = time.monotonic()
    await _write(scene, _overdue())
    scene.hit()
    wrote = time.monotonic() - down
    async with probes(scene) as them:
        began, begun = time.monotonic(), time.time()
        await asyncio.gather(*(scene.fleet.start(number) for number in scene.workers))
        await scene.until(lambda: _caught_up(scene, total), f"{total} plans are decided", 240)
        seconds, until = time.monotonic() - began, time.time()
        await _heard(scene, them, until)
    decided = Counter(
        each["reason"] if each["outcome"] == "stood_down" else each["outcome"]
        for each in await _outcomes(scene)
        if each["subject"] == OVERDUE_SUBJECT
    )
    wanted = {name: count for name, (count, *_) in OVERDUE.items()}
    scene.expect(decided == wanted, f"decided {dict(decided)}, not {wanted}")
    waits = them.waits(begun, until)
    scene.expect(waits, "nobody else came due meanwhile")
    scene.notes.append(
        f"{total:,} plans ({json.dumps(wanted)}) written in {wrote:.0f} s without a worker, "
        f"all decided {seconds:.0f} s after the start of two workers without a model; others meanwhile: {told(waits)}"
    )


async def _caught_up(scene: Scene, total: int) -> bool:
    """By the workers' own count, which costs less than reading a hundred thousand records again and again."""
    closed = [await scene.fleet.metric(number, "tactful_intents_closed_total") for number in scene.workers]
    await asyncio.sleep(0.5)
    if sum(closed) < total:
        return False
    lag = [await scene.fleet.metric(number, "tactful_lag_events") for number in scene.workers]
    overdue = [await scene.fleet.metric(number, "tactful_overdue_intents") for number in scene.workers]
    return sum(lag) < AT_ONCE and sum(overdue) < AT_ONCE


async def _heard(scene: Scene, them: Probes, until: float) -> None:
    await scene.until(lambda: not them.unheard(until), "everybody who was due has heard", 60)


# One among ten thousand


def _hot() -> Iterator[NewRecord]:
    """Somebody whose plans are asked for and taken back, five thousand times; only the last one stands."""
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    yield _consent(HOT)
    for n in range(HOT_EVENTS // 2):
        key = {"subject_key": f"hot-{n}"}
        yield _event(
            HOT,
            f"asked-{n}",
            "intent.requested",
            {"agent": "follow_up", "subject": f"matter {n}", "due_at": later, **key},
        )
        yield _event(HOT, f"revoked-{n}", "intent.revoked", key)
    last = {"agent": "follow_up", "subject": "the last one", "due_at": datetime.now(UTC).isoformat()}
    yield _event(HOT, "last", "intent.requested", last)


def _quiet(people: Sequence[str]) -> Iterator[NewRecord]:
    """Everybody lets themselves be written to, and every tenth has a plan that is due now."""
    now = datetime.now(UTC).isoformat()
    for user in people:
        yield _consent(user)
    for user in people[::10]:
        plan = {"agent": "follow_up", "subject": "the garden", "subject_key": user, "due_at": now}
        yield _event(user, "asked", "intent.requested", plan)


@fault("one hot person", workers=2, env={"TACTFUL_MODEL": "none"}, recovers_within_s=120)
async def one_hot_person(scene: Scene) -> None:
    """Ten thousand events of one person: hers in their order, and ten thousand others wait no longer for that."""
    async with probes(scene) as them:
        alone = await _crowd(scene, them, "alone")
        scene.hit(HOT_EVENTS)
        beside = await _crowd(scene, them, "beside", also=_hot())
        await scene.until(lambda: HOT in them.seen, "her last plan was told", 90)
        told_last = time.time() - beside.began
    scene.hit()
    scene.expect(
        beside.seconds < 2 * alone.seconds + 10 and beside.waits[-1] < 2 * alone.waits[-1] + 10,
        f"quiet people alone: {alone}; beside her: {beside}",
    )
    _in_order(scene, [each for each in await _outcomes(scene) if each["user_id"] == HOT])
    scene.notes.append(
        f"{HOT_EVENTS:,} events of one person, the last told after {told_last:.1f} s; quiet people alone: {alone}; "
        f"beside her: {beside}"
    )


@dataclass(frozen=True, slots=True)
class _Crowd:
    """How ten thousand quiet people fared."""

    began: float
    seconds: float
    waits: list[float]

    def __str__(self) -> str:
        return f"all told after {self.seconds:.1f} s, of others meanwhile {told(self.waits)}"


async def _crowd(scene: Scene, them: Probes, name: str, *, also: Iterable[NewRecord] = ()) -> _Crowd:
    people = [f"{name}-{n}" for n in range(QUIET_PEOPLE)]
    began = time.time()
    await asyncio.gather(_write(scene, also), _write(scene, _quiet(people)))
    await scene.until(
        lambda: all(user in them.seen for user in people[::10]), "all quiet people were told", 90
    )
    seconds = time.time() - began
    await asyncio.sleep(max(0.0, 5 - seconds))
    until = time.time()
    await _heard(scene, them, until)
    return _Crowd(began, seconds, them.waits(began, until))


def _in_order(scene: Scene, outcomes: Sequence[dict[str, Any]]) -> None:
    *taken_back, last = outcomes
    pairs = [(each["opened_by"]["event_id"], each["closed_by"]["event_id"]) for each in taken_back]
    wanted = [(f"{SOURCE}/hot-asked-{n}", f"{SOURCE}/hot-revoked-{n}") for n in range(HOT_EVENTS // 2)]
    scene.expect(
        pairs == wanted, f"{len(pairs)} of her plans were taken back, not {len(wanted)} in their order"
    )
    scene.expect(
        (last["outcome"], last["subject"]) == ("nudged", "the last one"),
        f"her last plan ended as {last['outcome']} ({last['subject']})",
    )
