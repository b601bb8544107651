"""What happens to brokers: they are killed, frozen, drained, too few, and leaders move."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from app.drivers.kafka_client import ConfigResource, ConfigResourceType
from tests.kafka.faults.scene import Scene, fault

A_MINUTE_S = 60.0


@fault("the only broker killed and started again")
async def only_broker_killed(scene: Scene) -> None:
    """SIGKILL for a single node in the middle of transactions; it comes back on its data, twice."""
    for _ in range(2):
        await scene.pause(0.5, 2)
        await scene.cluster.kill(0)
        scene.hit()
        await scene.pause(0.5, 3)
        await scene.cluster.start(0)
        scene.healed()
        await scene.all_ready()
        await scene.load.going(20)


@fault("the only broker frozen for fifteen seconds")
async def only_broker_frozen(scene: Scene) -> None:
    """Connections stay open and nobody answers, longer than sessions, requests and a transaction's timeout."""
    scene.cluster.freeze(0)
    scene.hit()
    await scene.pause(15, 18)
    scene.cluster.thaw(0)
    scene.healed()
    await scene.all_ready()


@fault("a broker of three killed and started again", brokers=3)
async def one_killed(scene: Scene) -> None:
    """SIGKILL for one of three by chance, with all that it leads and coordinates; the others go on, twice."""
    for _ in range(2):
        number = scene.chance.randrange(3)
        await scene.cluster.kill(number)
        scene.hit()
        await scene.load.going(100)
        await scene.cluster.start(number)
        await _all_in_sync(scene)
    await scene.all_ready()


@fault("brokers rolled one after the other", brokers=3)
async def rolled(scene: Scene) -> None:
    """SIGTERM for each broker in turn, the next when all replicas are in sync again: an upgrade."""
    for number in range(3):
        await scene.cluster.terminate(number)
        scene.hit()
        await scene.cluster.start(number)
        await _all_in_sync(scene)
    await scene.all_ready()


@fault("leaders moved", brokers=3)
async def leaders_moved(scene: Scene) -> None:
    """All leaders of input and state go to another node and on to a third, by Kafka's own tools."""
    for step in (1, 2):
        moves = []
        for name in ("user-events", "nudge-state"):
            topic = scene.topic(name)
            leaders = await scene.cluster.leaders(topic)
            moves += [(topic, number, (leader + step) % 3) for number, leader in leaders.items()]
        await scene.cluster.move_leaders(moves)
        scene.hit()
        for topic, number, to in moves:
            found = await scene.cluster.leader(topic, number)
            scene.expect(found == to, f"{topic}-{number} is led by {found}, not by {to}: it was not moved")
        await scene.load.going(60)
    await scene.all_ready()


@fault("the leader of the input frozen", brokers=3)
async def leader_frozen(scene: Scene) -> None:
    """SIGSTOP for the node that leads a partition: nobody hears that it is gone until it is fenced."""
    number = await scene.cluster.leader(scene.topic("user-events"), 0)
    scene.cluster.freeze(number)
    scene.hit()
    await scene.load.going(100)
    scene.cluster.thaw(number)
    await _all_in_sync(scene)
    await scene.all_ready()


@fault("the transactions' coordinator killed", brokers=3)
async def coordinator_killed(scene: Scene) -> None:
    """SIGKILL for the node that leads `__transaction_state`: open transactions end by another node's word."""
    for topic in ("__transaction_state", "__consumer_offsets"):
        number = await scene.cluster.leader(topic, 0)
        await scene.cluster.kill(number)
        scene.hit()
        await scene.load.going(100)
        await scene.cluster.start(number)
        await _all_in_sync(scene)
    await scene.all_ready()


@fault("all three brokers down for a minute", brokers=3)
async def all_down(scene: Scene) -> None:
    """SIGKILL for all of them; services and workers go on trying, and everything is there a minute later."""
    await scene.cluster.kill(0, 1, 2)
    scene.hit()
    await scene.pause(A_MINUTE_S)
    await scene.cluster.start(0, 1, 2)
    scene.healed()
    await scene.all_ready()


@fault("two of three brokers down", brokers=3)
async def two_down(scene: Scene) -> None:
    """One is left, which may not take a record alone: nothing is acknowledged, and nothing is lost."""
    left = scene.chance.randrange(3)
    gone = [number for number in range(3) if number != left]
    await scene.cluster.kill(*gone)
    scene.hit()
    before = len(scene.load.acknowledged)
    await scene.pause(10, 12)
    late = len(scene.load.acknowledged) - before
    scene.expect(late <= 20, f"{late} events were acknowledged by one broker of three")
    await scene.cluster.start(*gone)
    scene.healed()
    await _all_in_sync(scene)
    await scene.all_ready()


@fault("too few replicas in sync", brokers=3)
async def too_few_in_sync(scene: Scene) -> None:
    """The changelog and the nudges want three replicas and have two: no commit succeeds until there are three."""
    topics = [scene.topic(name) for name in ("nudge-state", "nudges", "nudge-outcome")]
    for topic in topics:
        await configure(scene, topic, {"min.insync.replicas": "3"})
    number = scene.chance.randrange(3)
    await scene.cluster.kill(number)
    scene.hit()
    await scene.pause(20, 22)
    await scene.cluster.start(number)
    scene.healed()
    await _all_in_sync(scene)
    await scene.all_ready()


@fault("commits refused: records too large for the broker")
async def too_large(scene: Scene) -> None:
    """The changelog takes 200 bytes and no more for a while: commits are refused, and then they are not."""
    topic = scene.topic("nudge-state")
    # What cleaning and retention need stays as it was: an alteration replaces all that was set.
    kept = await configured(scene, topic)
    await configure(scene, topic, {"max.message.bytes": "200"})
    scene.hit()
    await scene.until(lambda: _refused(scene), "a worker said that its commits fail", 30)
    await scene.pause(3, 5)
    await configure(scene, topic, {}, kept)
    scene.healed()
    await scene.all_ready()


async def _refused(scene: Scene) -> bool:
    """Whether a worker is not ready, and says why: a partition pauses after its commit was refused."""
    pages = [await scene.fleet.page(number, "/readyz") for number in scene.workers]
    return any(status == 503 and "commit failed" in said for status, said in pages)


async def _all_in_sync(scene: Scene) -> None:
    await scene.until(lambda: scene.cluster.in_sync(scene.prefix), "every replica has caught up", 60)


async def configured(scene: Scene, topic: str) -> dict[str, str]:
    """What was set for this topic itself."""
    admin = scene.kafka.admin()
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        ((*_, entries),) = answer.resources
        return {entry[0]: entry[1] for entry in entries if entry[3] == DYNAMIC_TOPIC_CONFIG}
    finally:
        await admin.close()


DYNAMIC_TOPIC_CONFIG = 1
"""Kafka's number for the source of a setting that was made for the topic."""


async def configure(
    scene: Scene, topic: str, settings: Mapping[str, str], kept: Mapping[str, str] | None = None
) -> None:
    """Set these beside what is set for the topic (`kept`: instead of asking what that is)."""
    before = await configured(scene, topic) if kept is None else kept
    admin = scene.kafka.admin()
    await admin.start()
    try:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, {**before, **settings})
        (answer,) = await admin.alter_configs([resource])
        assert not answer.resources[0][0], answer
    finally:
        await admin.close()
    await asyncio.sleep(0.5)  # a broker hears of it from the controller
