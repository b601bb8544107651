"""What a worker says of its partitions, and when it ends because one of them does not get on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.core.partition import Commit
from app.drivers import kafka_watch
from app.drivers.kafka_watch import Stuck
from tests.kafka.deployment import Deployment
from tests.kafka.scribe import Scribe
from tests.kafka.test_workers import SOON_S, Told, running, until, worker


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and lose patience early."""
    monkeypatch.setattr(kafka_watch, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(kafka_watch, "STUCK_AFTER_S", 0.5)


class Undecided(Scribe):
    """Has work for ever and never says what it is."""

    def take_commit(self) -> Commit | None:
        return None


async def test_a_partition_that_commits_nothing_ends_the_worker(topics: Deployment, tmp_path: Path) -> None:
    """A new process may mend what this one cannot."""
    one = worker(topics.kafka, tmp_path, build=Undecided)
    await topics.events((topics.person_in(2), b"?"))
    with pytest.raises(Stuck, match="partition 2 has had work for"):
        await asyncio.wait_for(one.run(), SOON_S)


async def test_lag_and_blocked_input_are_told(topics: Deployment, tmp_path: Path) -> None:
    """A service's open transaction keeps what stands behind it from being read, and the lag grows."""
    told = Told()
    one = worker(topics.kafka, tmp_path, told)
    ana = topics.person_in(1)
    service = topics.kafka.producer("service")
    await service.start()
    name = topics.kafka.place("user-events", 1).topic
    async with running(one):
        await until(lambda: told.gauge("tactful_partitions_owned") == 3)
        await topics.events((ana, b"1"))
        async with asyncio.timeout(SOON_S):
            await one.settled()
        await until(lambda: told.gauge("tactful_lag_events", "1") == 0)
        await service.begin_transaction()
        await service.send_and_wait(name, b"2", key=ana.encode(), partition=1)
        await topics.events((ana, b"3"))
        await until(lambda: told.gauge("tactful_lag_events", "1") == 2)
        await until(lambda: told.gauge("tactful_input_blocked_seconds", "1") > 0)
        await service.commit_transaction()
        await until(lambda: told.gauge("tactful_lag_events", "1") == 0)
        await until(lambda: told.gauge("tactful_input_blocked_seconds", "1") == 0)
    await service.stop()
    assert told.gauge("tactful_undecided_events", "0") == 0
