"""Every query of every dashboard, and an alert, against a real Prometheus that scrapes a worker which really works."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest

from app.metric_list import METRICS
from tests.kafka.deployment import deployment
from tests.prometheus.asked import FILES, filled_in, legend, panels
from tests.prometheus.lives import KINDS, TRACEPARENT, utc
from tests.prometheus.scene import Scene, scene
from tests.prometheus.test_page import judged

PEOPLE = 60
WITHIN_S = 240.0
SHOWN_WITHIN_S = 60.0
"""Each time; some 5 s on a machine of its own."""
ANOTHER_BEAT_S = 40


DECIDED = (
    "sum(tactful_recalls_total) >= 6",
    'sum(tactful_nudges_total{written_by="fallback"}) >= 6',
    'sum(tactful_intents_closed_total{reason="resolved"}) >= 6',
    'sum(tactful_intents_closed_total{reason="no_consent"}) >= 6',
    "sum(tactful_day_budget_spent_total) >= 1",
    "sum(tactful_defects_total) >= 1",
    "sum(tactful_misrouted_events_total) >= 1",
    'sum(tactful_events_total{type="nudge.delivered"}) >= 1',
    'sum(tactful_delivery_ended_total{end="recall_posted"}) >= 1',
    'sum(tactful_heartbeat_seconds_count{stage="readable"}) >= 1',
)
"""What the lives bring about shows: recalls, fallbacks, revocations, spent days, a defect."""


async def until(playing: Scene, *wanted: str) -> None:
    """Wait until each expression gives something; those that never do are told."""
    lacking = list(wanted)
    try:
        async with asyncio.timeout(SHOWN_WITHIN_S):
            while lacking := [expr for expr in lacking if not await playing.prometheus.now(expr)]:  # noqa: ASYNC110 - asked as a console asks
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"after {SHOWN_WITHIN_S:g} s Prometheus has nothing of {lacking}") from None


async def queries_without_an_answer(playing: Scene) -> list[str]:
    """The panels of which one query never gave a number, and the legends that had nothing to name."""
    missing, until_now = [], utc().timestamp()
    for path in FILES:
        for panel in panels(path):
            for target in panel["targets"]:
                expr = filled_in(target["expr"])
                found = await playing.prometheus.over_time(expr, since=playing.began, until=until_now)
                if not any(math.isfinite(value) for one in found for _, value in one.points):
                    missing.append(f"{path.stem}: {panel['title']}: {expr}")
                elif not all(legend(target["legendFormat"], one.labels).strip() for one in found):
                    missing.append(f"{path.stem}: {panel['title']}: a series without a name")
    return missing


async def page_is_the_list(playing: Scene) -> None:
    """A worker on a broker shows every metric of the list and no other, as Prometheus would have it."""
    async with playing.prometheus.session.get(f"{playing.workers[0].url}/metrics") as answer:
        page = await answer.text()
    names = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE tactful_")}
    assert names == {metric.name for metric in METRICS}
    found = judged(page)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@pytest.mark.slow
async def test_every_query_has_an_answer_and_a_lost_model_calls(kafka: str, tmp_path: Path) -> None:
    """Also of what is empty while all is well: the scene brings that about too; then the model is taken away."""
    async with asyncio.timeout(WITHIN_S), deployment(kafka) as topics, scene(topics, tmp_path) as playing:
        await playing.people(0, PEOPLE)
        await playing.odd()
        # Six kinds of life bring a nudge, two a reading. Only then comes what takes back and what settles: the
        # recall of what was not delivered yet is never posted.
        each = PEOPLE // KINDS
        await until(
            playing,
            f"sum(tactful_nudges_total) >= {each * 6}",
            f'sum(tactful_model_calls_total{{task="reading"}}) >= {each * 2}',
            f'sum(tactful_delivery_ended_total{{end="delivered"}}) >= {each * 6}',
        )
        await playing.go_on(0, PEOPLE)
        await until(playing, *DECIDED)
        await page_is_the_list(playing)
        for topic in ("nudges", "nudge-outcome"):
            traces = [dict(record.headers)["traceparent"] for record in await topics.records(topic)]
            assert set(traces) == {TRACEPARENT.encode()}
        assert "TactfulModelDown" not in await playing.prometheus.firing()
        playing.model.script.down = True
        await playing.people(PEOPLE, PEOPLE + KINDS)
        while "TactfulModelDown" not in await playing.prometheus.firing():  # noqa: ASYNC110 - asked as a console asks
            await asyncio.sleep(0.2)
        missing = [""]
        for _ in range(ANOTHER_BEAT_S):  # a worker's first beat may be older than the first scrape
            if not (missing := await queries_without_an_answer(playing)):
                break
            await asyncio.sleep(1)
        assert missing == []
        firing = await playing.prometheus.firing()
        assert {"TactfulModelDown", "TactfulDefects"} <= firing
        quiet = {
            "TactfulAbsent",
            "TactfulLedgerImbalance",
            "TactfulOverdue",
            "TactfulFenced",
            "TactfulHeartbeatLate",
        }
        assert firing & quiet == set()
