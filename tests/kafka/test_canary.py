"""The canary on a broker: each stage is what Kafka says of it, and not what the worker hopes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.core.tally import Tally
from app.drivers import canary
from app.drivers.canary import Canary
from app.drivers.served import STAGES
from app.settings import Settings
from app.wiring import wired
from tests.kafka.deployment import Deployment
from tests.kafka.test_workers import SOON_S

NAME = "tactful_heartbeat_timestamp_seconds"


async def test_each_stage_of_a_heartbeat_is_kafkas(
    topics: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A beat goes the whole way in all partitions; what hangs on an output keeps it from being readable, no more."""
    monkeypatch.setattr(canary, "DECIDED_WITHIN_S", 3.0)
    connection = topics.kafka.connection
    given: dict[str, Any] = {
        "log": f"kafka://{connection.bootstrap}",
        "topic_prefix": connection.prefix,
        "group": "canary",
        "state_dir": tmp_path,
        "model": {"backend": "none"},
    }
    stranger = topics.kafka.producer("stranger")
    await stranger.start()
    async with wired(Settings(**given)) as worker, asyncio.timeout(3 * SOON_S):
        one = Canary(worker.served, worker.clock, Tally().absorb)
        running = asyncio.create_task(worker.served.run())

        async def beat() -> dict[str, float]:
            seen = Tally()
            one._absorb = seen.absorb
            assert await one._beat()
            times = {stage: seen.gauges[NAME, (stage,)] for stage in STAGES}
            measured = {stage for _, (stage,), _ in seen.observed}
            assert measured == {stage for stage in STAGES if times[stage] == times["appended"]}
            return times

        try:
            while worker.served.unready() or len(worker.served.partitions) < topics.partitions:  # noqa: ASYNC110 - asked as an orchestrator asks
                await asyncio.sleep(0.05)
            first = await beat()
            assert len(set(first.values())) == 1

            # Somebody else's transaction hangs on one partition of `nudges`: deliveries would wait behind it.
            await stranger.begin_transaction()
            await stranger.send_and_wait(topics.kafka.place("nudges", 1).topic, b"{}", partition=1)
            second = await beat()
            assert second["appended"] == second["received"] == second["decided"] > first["decided"]
            assert second["readable"] == first["readable"]
            await stranger.commit_transaction()
            third = await beat()
            assert third["readable"] == third["decided"] > second["decided"]
        finally:
            await stranger.stop()
            await worker.served.drain(5)
            await running
    beats = [record for record in await topics.records("user-events") if record.key is not None]
    assert len(beats) == 3 * topics.partitions
    assert all(topics.home((record.key or b"").decode()) == record.partition for record in beats)
    rows = {record.key for record in await topics.records("nudge-state")}
    assert {record.key for record in beats} <= rows
    assert [record for record in await topics.records("nudges") if record.value != b"{}"] == []
