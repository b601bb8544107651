"""`tactful deliver` on a real broker: killed in the middle, doubled, before a receiver that fails, and recalled."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from app.drivers.kafka_client import Kafka
from tests.facts.deliver.nudging import Came, Receiver, nudge, receiver
from tests.kafka.deployment import Deployment
from tests.ports import free_port
from tests.worker.delivering import deliver
from tests.worker.process import until
from topics.encode import encode
from topics.nudges import NUDGES, Nudge

PEOPLE = 12
NUDGES_EACH = 5
AT_ONCE = 4
TAKES_S = 0.05
"""How long the receiver thinks: the service is killed while it does."""
OUT_OF_REACH = 3


async def written(kafka: Kafka, nudges: Sequence[Nudge], *, commit: bool = True) -> None:
    """As a worker writes them: in one transaction, which ends well or not."""
    producer = kafka.producer("somebody-who-decides")
    await producer.start()
    await producer.begin_transaction()
    for one in nudges:
        await producer.send_and_wait(kafka.place(NUDGES.name, 0).topic, encode(one), key=one.user_id.encode())
    await (producer.commit_transaction() if commit else producer.abort_transaction())
    await producer.stop()


class Moody:
    """Fails the first time for every third nudge: 503, or an answer that never comes."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def __call__(self, came: Came) -> web.Response | None:
        self.asked[came.key] += 1
        number = int(came.key.removesuffix(".recall").rpartition("-")[2])
        if self.asked[came.key] > 1 or number % 3:
            return web.Response(status=200)
        return None if number % 12 == 0 else web.Response(status=503)


async def receipts(topics: Deployment) -> list[tuple[str, str, str]]:
    """Of each receipt on the log its id, its type and its nudge; each stands in its person's partition."""
    found = []
    for record in await topics.records("user-events"):
        event = json.loads(record.value or b"")
        assert record.key is not None
        assert record.partition == topics.home(record.key.decode())
        found.append((event["id"], event["type"], event["data"]["nudge_id"]))
    return found


async def told_of(topics: Deployment, count: int) -> list[tuple[str, str, str]]:
    """The receipts, once they are of so many nudges."""
    async with asyncio.timeout(40):
        while True:
            found = await receipts(topics)
            if len({nudge_id for _, _, nudge_id in found}) == count:
                return found
            await asyncio.sleep(0.2)


def in_order(hook: Receiver, nudges: Sequence[Nudge]) -> bool:
    """Whether each person's nudges were first taken in the order of the log."""
    taken = list(dict.fromkeys(hook.taken))
    return all(
        [key for key in taken if key in mine] == mine
        for user in {one.user_id for one in nudges}
        if (mine := [one.nudge_id for one in nudges if one.user_id == user])
    )


@pytest.mark.slow
async def test_killed_doubled_refused_and_recalled(topics: Deployment, tmp_path: Path) -> None:
    """Each committed nudge arrives with its key, in order, and is told once; of the aborted ones nobody ever hears."""
    now = datetime.now(UTC)
    nudges = [
        nudge(f"n-{n}", f"person-{n % PEOPLE}", at=now, lasts=timedelta(hours=1))
        for n in range(PEOPLE * NUDGES_EACH)
    ]
    half = len(nudges) // 2
    await written(topics.kafka, nudges[:half])
    await written(topics.kafka, [nudge(f"never-{n}", f"person-{n}", at=now) for n in range(9)], commit=False)
    await written(topics.kafka, nudges[half:])
    connection, listen = topics.kafka.connection, f"127.0.0.1:{free_port()}"
    env = {"LOG": f"kafka://{connection.bootstrap}", "TOPIC_PREFIX": connection.prefix}
    words = ("--at-once", str(AT_ONCE), "--timeout", "1s", "--listen", listen)
    log = tmp_path / "deliver.log"
    async with receiver(Moody(), lambda: datetime.now(UTC), takes_s=TAKES_S) as hook:
        async with deliver(tmp_path, hook.url, *words, **env) as first:
            await until(lambda: len(hook.taken) >= half // 2, said=log)
            first.send_signal(signal.SIGKILL)
        assert len(hook.taken) < len(nudges)
        async with deliver(tmp_path, hook.url, *words, **env):
            await until(lambda: len(set(hook.taken)) >= half, said=log)
            async with deliver(tmp_path, hook.url, *words[:-2], **env) as second:
                assert await asyncio.wait_for(second.wait(), 30) == OUT_OF_REACH
            assert "is another delivery service running on it?" in log.read_text()
            told = await told_of(topics, len(nudges))
            await written(topics.kafka, [nudge("n-1", "person-1", recall=True, at=now)])
            await until(lambda: "n-1.recall" in hook.taken, said=log)
            async with aiohttp.ClientSession() as session, session.get(f"http://{listen}/metrics") as page:
                assert 'tactful_delivery_attempts_total{answer="unknown"}' in await page.text()
        keys = {one.nudge_id for one in nudges}
        assert set(hook.taken) == keys | {"n-1.recall"}
        assert {(kind, nudge_id) for _, kind, nudge_id in told} == {("nudge.delivered", key) for key in keys}
        # What was under way at the kill may come twice, and be told twice as one event.
        assert sum(Counter(hook.taken).values()) - len(set(hook.taken)) <= AT_ONCE
        assert len({event_id for event_id, _, _ in told}) == len(keys)
        assert in_order(hook, nudges)
        # A copy with a state of its own knows nothing of that: what was recalled before it began it never posts,
        # the rest once more with the same keys, and told as the same events.
        hook.taken.clear()
        (tmp_path / "other").mkdir()
        async with deliver(tmp_path / "other", hook.url, *words[:-2], "--until-idle", **env) as copy:
            assert await asyncio.wait_for(copy.wait(), 40) == 0
        assert set(hook.taken) == keys - {"n-1"}
        ids = {event_id for event_id, _, _ in told}
        assert {event_id for event_id, _, _ in await receipts(topics)} - ids == {"n-1/nudge.failed"}
