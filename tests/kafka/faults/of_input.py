"""What upstream services do to the input: hanging transactions, wrong partitions, topics made anew."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaProducer

from app.drivers import kafka_topics
from app.drivers.kafka_client import NewTopic, discard
from tests.kafka.deployment import create
from tests.kafka.faults.ledger import records
from tests.kafka.faults.lives import Happening
from tests.kafka.faults.scene import Scene, fault
from topics.murmur2 import partition_of
from topics.user_events import USER_EVENTS

HANGS_S = 15.0
MISROUTED = 40


@fault("an upstream transaction hangs")
async def upstream_hangs(scene: Scene) -> None:
    """A service writes in a transaction and never ends it: its partition waits for the timeout, the others do not."""
    topic = scene.topic("user-events")
    producer = AIOKafkaProducer(
        bootstrap_servers=scene.cluster.bootstrap,
        transactional_id=f"{scene.prefix}upstream",
        transaction_timeout_ms=int(HANGS_S * 1000),
    )
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(topic, b'{"id": "never"}', key=b"asked-0", partition=0)
    scene.hit()
    await discard(producer)
    began = time.monotonic()
    blocked = 0.0
    while time.monotonic() - began < HANGS_S - 2:
        seconds = [
            await scene.fleet.metric(number, "tactful_input_blocked_seconds") for number in scene.workers
        ]
        blocked = max(blocked, *seconds)
        await asyncio.sleep(0.5)
    scene.expect(blocked > 2, f"tactful_input_blocked_seconds never rose above {blocked:g}")
    others = await _decided_lately(scene, {1, 2, 3})
    scene.expect(others == {1, 2, 3}, f"only partitions {others} went on while partition 0 was blocked")
    scene.healed()


async def _decided_lately(scene: Scene, numbers: set[int]) -> set[int]:
    """Of these partitions the ones that wrote an outcome in the last five seconds."""
    since = (datetime.now(UTC) - timedelta(seconds=5)).timestamp() * 1000
    found = await records(scene.cluster.bootstrap, scene.prefix, "nudge-outcome", scene.partitions)
    return {record.partition for record in found if record.timestamp_ms > since} & numbers


@fault("a producer with another partitioner")
async def another_partitioner(scene: Scene) -> None:
    """Events stand in other partitions than their keys': each is forwarded home once and counts from there."""
    now = datetime.now(UTC)
    for n in range(MISROUTED):
        user = f"strayed-{n}"
        wrong = (partition_of(user.encode(), scene.partitions) + 1) % scene.partitions
        due = (now + timedelta(seconds=3)).isoformat()
        happened: list[tuple[str, dict[str, Any]]] = [
            ("consent.changed", {"agent": "*", "granted": True}),
            (
                "intent.requested",
                {"agent": "follow_up", "subject": f"matter of {user}", "subject_key": user, "due_at": due},
            ),
        ]
        if n % 4 == 3:
            happened.append(("intent.revoked", {"subject_key": user}))
        for turn, (kind, data) in enumerate(happened):
            scene.load.also(
                Happening(
                    at=now,
                    user=user,
                    id=f"{user}-{turn}",
                    type=kind,
                    data=data,
                    source="strayed",
                    partition=wrong,
                )
            )
        scene.hit()
    written = 2 * MISROUTED + MISROUTED // 4
    await scene.until(
        lambda: sum(each.happening.source == "strayed" for each in scene.load.acknowledged) == written,
        "the strayed events were written",
    )
    await scene.until(lambda: _forwarded(scene, written), "all strayed events were counted as misrouted")


async def _forwarded(scene: Scene, at_least: int) -> bool:
    counted = [await scene.fleet.metric(number, "tactful_misrouted_events_total") for number in scene.workers]
    return sum(counted) >= at_least


@fault("the input made anew under running workers", rate=12, ends_there=True)
async def made_anew(scene: Scene) -> None:
    """`user-events` is deleted and created again: every partition refuses to go on and says so, ready is nobody.

    Its new log soon reaches beyond what was done in the old one, and still nothing may be passed over in silence.
    """
    topic = scene.topic("user-events")
    await scene.load.going(200)
    admin = scene.kafka.admin()
    await admin.start()
    try:
        await admin.delete_topics([topic])
        scene.hit()
        await asyncio.sleep(1)
    finally:
        await admin.close()
    await create(scene.kafka, NewTopic(topic, scene.partitions, 1, topic_configs=dict(USER_EVENTS.config)))
    scene.expect((await kafka_topics.check(scene.kafka)).fine, "the topic is not as the contract wants it")
    await scene.until(lambda: _all_refuse(scene), "every partition is refused, and says why", 60)
    # The load writes on: the new log grows beyond the positions that were done in the old one.
    await scene.load.going(900, within_s=120)
    await scene.pause(35)  # a refusal is looked at again after 30 s
    scene.expect(await _all_refuse(scene), f"some went on: {await scene.fleet.told(scene.workers)}")
    for number in scene.workers:
        await scene.fleet.kill(number)
        await scene.fleet.start(number)
    await scene.until(lambda: _all_refuse(scene), "after a restart every partition is refused as well", 60)
    scene.notes.append(
        "by design nothing is decided afterwards: all partitions refused, then, later and after a restart"
    )


async def _all_refuse(scene: Scene) -> bool:
    """Whether nobody is ready, and all partitions are named with a reason that says what to do."""
    pages = [await scene.fleet.page(number, "/readyz") for number in scene.workers]
    said = " ".join(body for _, body in pages)
    named = {number for number in range(scene.partitions) if f"user-events-{number} " in said}
    return all(status == 503 for status, _ in pages) and len(named) == scene.partitions and "anew" in said
