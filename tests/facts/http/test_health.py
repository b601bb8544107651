"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.core.asks import Reply
from app.core.partition import Commit
from app.core.tally import Tally
from app.drivers import partition_loop
from app.drivers.canary import Canary
from tests.facts.http.at_home import at_home, event


async def test_it_is_alive_before_it_is_ready(tmp_path: Path) -> None:
    """An orchestrator does not kill what is still restoring."""
    async with at_home(tmp_path, at_work=False) as house:
        assert (await house.get("/healthz")).status == 200
        answer = await house.get("/readyz")
    assert answer.status == 503
    assert answer.body["reasons"] == ["partition 0: it has not started yet"]
    assert answer.body["partitions"] == {"0": "it has not started yet"}


async def test_it_is_ready_when_all_its_partitions_are_at_work(tmp_path: Path) -> None:
    """And says whom it asks."""
    async with at_home(tmp_path) as house:
        answer = await house.get("/readyz")
    assert (answer.status, answer.body["partitions"]) == (200, {"0": "running"})
    assert answer.body["model"] == {"asked": "none", "circuit": "closed", "open_since": None}


async def test_a_model_that_is_away_is_shown_and_no_reason_to_be_unready(tmp_path: Path) -> None:
    """A worker without a model still decides; its circuit is on both pages."""
    async with at_home(tmp_path) as house:
        now = datetime(2026, 3, 2, 12, tzinfo=UTC)
        for _ in range(5):
            assert house.worker.admission.admit(now) is None
            house.worker.admission.record(Reply(failed="timeout"), now)
        answer = await house.get("/readyz")
        assert answer.status == 200
        assert answer.body["model"]["open_since"] == "2026-03-02T12:00:00Z"
        assert "\ntactful_model_circuit_open 1.0\n" in (await house.get("/metrics")).body


async def test_the_metrics_are_as_of_now(tmp_path: Path) -> None:
    """What was counted, and how the partition stands when somebody looks."""
    async with at_home(tmp_path) as house:
        await house.post(event(user="walburga"))
        await house.decided()
        answer = await house.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = answer.body.splitlines()
    assert 'tactful_events_total{type="app.opened"} 1.0' in lines
    assert "tactful_partitions_owned 1.0" in lines
    assert 'tactful_lag_events{partition="0"} 0.0' in lines
    assert 'tactful_undecided_events{partition="0"} 0.0' in lines
    assert "walburga" not in answer.body


async def test_a_partition_that_commits_nothing_is_reported_as_stuck(tmp_path: Path) -> None:
    """Work for more than a minute without a commit: only a new process may help."""
    async with at_home(tmp_path) as house:
        loop = house.worker.served._worker.loop  # type: ignore[attr-defined]  # a private matter of the embedded one
        loop._committing.work_since = time.monotonic() - 61
        answer = await house.get("/healthz")
        loop._committing.work_since = None
    assert answer.status == 503
    assert "61 s and committed nothing" in answer.body["reasons"][0]


async def test_work_without_a_commit_is_unready_after_ten_seconds_and_stuck_after_sixty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk keeps a commit waiting: `/readyz` says so first, `/healthz` in the end, and neither once it is durable."""
    ahead_s = 0.0
    async with at_home(tmp_path) as house:
        commit, begun, may_go_on = house.log.commit, asyncio.Event(), asyncio.Event()

        async def held_up(what: Commit) -> None:
            begun.set()
            await may_go_on.wait()
            await commit(what)

        async def pages(after_s: float) -> tuple[int, int]:
            nonlocal ahead_s
            ahead_s = after_s
            return (await house.get("/readyz")).status, (await house.get("/healthz")).status

        began = time.monotonic()
        ahead = SimpleNamespace(monotonic=lambda: began + ahead_s)
        monkeypatch.setattr(partition_loop, "time", ahead)
        assert await pages(1_000) == (200, 200), "time alone is no reason: there is no work"
        monkeypatch.setattr(house.log, "commit", held_up)
        await house.post(event())
        async with asyncio.timeout(10):
            await begun.wait()
        began = time.monotonic()  # the work began a moment before
        assert await pages(9) == (200, 200)
        assert await pages(15) == (503, 200)
        (reason,) = (await house.get("/readyz")).body["reasons"]
        assert reason.startswith("partition 0 has had work for 1")
        assert reason.endswith(" s and committed nothing: look at the disk")
        assert await pages(65) == (503, 503)
        may_go_on.set()
        await house.decided()
        assert await pages(65) == (200, 200)


async def test_the_canary_goes_the_whole_way_and_leaves_no_trace(tmp_path: Path) -> None:
    """Its event is appended and decided, which the metric shows, and no topic of the readers has it."""
    seen: dict[str, float] = {}

    def absorb(tally: Tally) -> None:
        seen.update({stage: value for (_, (stage,)), value in tally.gauges.items()})

    async with at_home(tmp_path) as house:
        before = time.time()
        await Canary(house.worker.served, house.worker.clock, absorb)._beat()
        assert [record.key for record in house.records()] == [b"tactful-canary-0-0"]
        assert before <= seen["decided"] == seen["appended"] <= time.time()
        assert [house.records(topic) for topic in ("nudges", "nudge-outcome", "nudge-pass")] == [[], [], []]
