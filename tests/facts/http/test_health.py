"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.core.asks import Reply
from app.core.partition import Commit
from app.core.tally import Tally
from app.drivers import partition_loop
from app.drivers.canary import Canary
from app.drivers.served import STAGES
from app.metric_list import ANY, METRICS, label_values
from tests.facts.http.at_home import at_home, event
from topics.controls import Control
from topics.encode import encode
from topics.record import NewRecord


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
    """Its event passes every stage, which the metrics show, and no topic of the readers has it."""
    seen = Tally()
    async with at_home(tmp_path) as house:
        before = time.time()
        await Canary(house.worker.served, house.worker.clock, seen.absorb)._beat()
        assert [record.key for record in house.records()] == [b"tactful-canary-0-0"]
        times = {stage: at for (_, (stage,)), at in seen.gauges.items()}
        assert set(times) == set(STAGES)
        assert len(set(times.values())) == 1
        assert before <= times["readable"] <= time.time()
        took = {stage: seconds for _, (stage,), seconds in seen.observed}
        assert 0 <= took["appended"] <= took["received"] <= took["decided"] <= took["readable"] < 10
        assert [house.records(topic) for topic in ("nudges", "nudge-outcome", "nudge-pass")] == [[], [], []]


async def test_a_beat_that_is_not_decided_in_time_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stages that it did not pass go on showing the last one that did, and nothing is measured for them."""
    monkeypatch.setattr("app.drivers.canary.DECIDED_WITHIN_S", 0.5)
    async with at_home(tmp_path) as house:
        canary, first, second = (
            Canary(house.worker.served, house.worker.clock, Tally().absorb),
            Tally(),
            Tally(),
        )
        canary._absorb = first.absorb
        await canary._beat()
        begun, may_go_on = asyncio.Event(), asyncio.Event()
        commit = house.log.commit

        async def held_up(what: Commit) -> None:
            begun.set()
            await may_go_on.wait()
            await commit(what)

        monkeypatch.setattr(house.log, "commit", held_up)
        canary._absorb = second.absorb
        await canary._beat()
        assert begun.is_set()
        may_go_on.set()
        await house.decided()
    name = "tactful_heartbeat_timestamp_seconds"
    was, now = ({stage: one.gauges[name, (stage,)] for stage in STAGES} for one in (first, second))
    assert was["appended"] < now["appended"] == now["received"]
    assert was["decided"] == now["decided"] == now["readable"] == was["appended"]
    assert [labels for _, labels, _ in second.observed] == [("appended",), ("received",)]


async def test_what_is_let_through_to_the_model_is_shown(tmp_path: Path) -> None:
    """Slots and the minute's budget, and what is taken of both."""
    async with at_home(tmp_path) as house:
        now = house.worker.clock.now()
        for _ in range(3):
            assert house.worker.admission.admit(now) is None
        house.worker.admission.record(Reply(failed="refused"), now)
        page = (await house.get("/metrics")).body
    assert "\ntactful_model_requests_in_flight 2.0\n" in page
    assert "\ntactful_model_slots 16.0\n" in page
    assert "\ntactful_model_budget_requests 600.0\n" in page
    assert "\ntactful_model_budget_left_requests 597.0\n" in page
    assert "\ntactful_partitions 1.0\n" in page


async def test_who_is_paused_is_shown(tmp_path: Path) -> None:
    """Each agent has its series, and so has the switch for all."""
    async with at_home(tmp_path) as house:
        page = (await house.get("/metrics")).body
        assert '\ntactful_agent_paused{agent="digest"} 0.0\n' in page
        assert '\ntactful_agent_paused{agent="*"} 0.0\n' in page
        control = Control(paused=True, at=house.worker.clock.now(), by="tests")
        house.log.append([NewRecord("nudge-controls", b"digest", encode(control), 0)], now=control.at)
        async with asyncio.timeout(10):
            while house.worker.served.paused != {"digest"}:  # noqa: ASYNC110 - the switch is followed, and tells nobody
                await asyncio.sleep(0.01)
        page = (await house.get("/metrics")).body
    assert '\ntactful_agent_paused{agent="digest"} 1.0\n' in page
    assert '\ntactful_agent_paused{agent="*"} 0.0\n' in page


async def test_the_page_of_a_worker_at_work_is_the_list(tmp_path: Path) -> None:
    """Every metric of the list is there with its sentence, its labels and all its known pairs; nothing else is."""
    async with at_home(tmp_path) as house:
        await house.post(event())
        await house.decided()
        families = {
            one.name: one for one in text_string_to_metric_families((await house.get("/metrics")).body)
        }
        agents = list(house.worker.deciding.agents)
    ours = {name for name in families if name.startswith("tactful_")}
    assert ours == {metric.name.removesuffix("_total") for metric in METRICS}
    assert {name for name in families if name not in ours} == {
        name for name in families if name.startswith("process_")
    }
    for metric in METRICS:
        family = families[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.kind, metric.sentence)
        series = {tuple(one.labels[label] for label in metric.labels) for one in family.samples}
        known = set(label_values(metric, agents)) or (set() if metric.labels else {()})
        assert series >= known, metric.name
        unforeseen = {label for label in metric.labels if label in ANY}
        assert unforeseen or series == known, metric.name


async def test_the_ledger_balances_after_a_restart(tmp_path: Path) -> None:
    """The counters begin at 0 again and the plans are still open: that is no imbalance, nor is what closes then."""
    request = {"agent": "follow_up", "subject": "the song", "due_at": "2099-01-01T00:00:00Z"}
    async with at_home(tmp_path) as house:
        await house.post(event("consent.changed", id="1", data={"agent": "*", "granted": True}))
        await house.post(event("intent.requested", id="2", data=request))
        await house.decided()
        first = (await house.get("/metrics")).body
    async with at_home(tmp_path) as house:
        second = (await house.get("/metrics")).body
        await house.post(event("intent.revoked", id="3", data={"subject_key": "the song"}))
        await house.decided()
        third = (await house.get("/metrics")).body
    opened = 'tactful_intents_opened_total{agent="follow_up"}'
    standing = 'tactful_open_intents{agent="follow_up"}'
    for page, said in ((first, (1, 1)), (second, (0, 1)), (third, (0, 0))):
        assert f"\n{opened} {said[0]}.0\n" in page
        assert f"\n{standing} {said[1]}.0\n" in page
        assert "\ntactful_ledger_imbalance_intents 0.0\n" in page
