"""The page of metrics is the contract's: names, labels, and every pair from the start."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path

import pytest

from app.core.tally import Tally
from app.metric_list import DELIVERY, METRICS, NAMES_AT_MOST
from app.metrics import Metrics
from topics.outcomes import REASONS

AGENTS = ("follow_up", "digest")

PINNED = [
    "tactful_events_total{type}",
    "tactful_duplicate_events_total",
    "tactful_misrouted_events_total{source}",
    "tactful_dead_letters_total{reason}",
    "tactful_events_lost_total",
    "tactful_passes_total{asked}",
    "tactful_pass_seconds{asked}",
    "tactful_passes_in_flight",
    "tactful_intents_opened_total{agent}",
    "tactful_intents_closed_total{agent,outcome,reason}",
    "tactful_open_intents{agent}",
    "tactful_overdue_intents",
    "tactful_oldest_overdue_due_timestamp_seconds",
    "tactful_maturity_lateness_seconds",
    "tactful_nudges_total{agent,written_by}",
    "tactful_recalls_total{agent}",
    "tactful_reading_debt_messages",
    "tactful_held_intents",
    "tactful_model_calls_total{task,result}",
    "tactful_model_seconds{task}",
    "tactful_model_tokens_total{task,direction}",
    "tactful_model_circuit_open",
    "tactful_commits_total{result}",
    "tactful_commit_seconds",
    "tactful_undecided_events{partition}",
    "tactful_lag_events{partition}",
    "tactful_input_blocked_seconds{partition}",
    "tactful_restore_seconds",
    "tactful_fenced_total",
    "tactful_partitions_owned",
    "tactful_heartbeat_timestamp_seconds{stage}",
    "tactful_build_info{version,policy}",
    "tactful_partitions_unserved{state}",
    "tactful_ignored_events_total{why}",
    "tactful_dropped_total{what}",
    "tactful_defects_total{error}",
    "tactful_ledger_imbalance_intents",
    "tactful_agent_paused{agent}",
    "tactful_model_cost_usd_total{model}",
    "tactful_model_requests_in_flight",
    "tactful_model_slots",
    "tactful_model_budget_requests",
    "tactful_model_budget_left_requests",
    "tactful_day_budget_spent_total{task}",
    "tactful_backlog_fullness_ratio{partition}",
    "tactful_partitions",
    "tactful_heartbeat_seconds{stage}",
    "tactful_delivery_attempts_total{answer}",
    "tactful_delivery_attempt_seconds",
    "tactful_delivery_ended_total{end}",
    "tactful_delivery_delay_seconds",
    "tactful_delivery_waiting_nudges",
    "tactful_delivery_oldest_waiting_timestamp_seconds",
    "tactful_delivery_unread_nudges",
    "tactful_delivery_log_away",
]
"""Dashboards and alerts of others name these."""
LISTED = (*METRICS, *DELIVERY)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(agents=AGENTS, version="1.2.3", policy="abc")


def lines(metrics: Metrics) -> list[str]:
    return metrics.page().decode().splitlines()


def test_names_and_labels_are_pinned() -> None:
    """A metric that is renamed breaks somebody else's dashboard."""
    assert {m.name + ("{" + ",".join(m.labels) + "}" if m.labels else "") for m in LISTED} == set(PINNED)


def counted_in_code() -> set[tuple[str, str, int]]:
    """Every `tally.count("name", ...)` of the application: its name, its kind, and how many labels it is given."""
    kinds = {"count": ("counter", 1), "observe": ("histogram", 2), "gauge": ("gauge", 2)}
    found = set()
    for path in (Path(__file__).parents[3] / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr=attr), args=[ast.Constant(value=str(name)), *_]) if (
                    attr in kinds and name.startswith("tactful_")
                ):
                    kind, before = kinds[attr]
                    found.add((name, kind, len(node.args) - before))
    return found


def test_what_the_code_counts_is_in_the_list() -> None:
    """Nothing is counted that the page would not show, with the labels that the page has."""
    listed = {(m.name, m.kind, len(m.labels)) for m in LISTED}
    counted = counted_in_code()
    assert len(counted) > 20
    assert counted - listed == set()


def test_every_metric_has_its_sentence() -> None:
    """What a number means stands on the page."""
    assert [m.name for m in LISTED if not re.fullmatch(r"[A-Z0-9].{9,}\.", m.sentence)] == []


def test_the_page_has_exactly_the_contracts_names(metrics: Metrics) -> None:
    """Nothing is appended to a name, and no series of creation times stands beside it."""
    page = lines(metrics)
    families = {line.split()[2] for line in page if line.startswith("# TYPE tactful_")}
    assert families == {m.name for m in METRICS}
    assert [line for line in page if "_created" in line] == []
    assert "tactful_fenced_total 0.0" in page
    assert 'tactful_build_info{policy="abc",version="1.2.3"} 1.0' in page


def test_every_pair_is_there_from_the_start(metrics: Metrics) -> None:
    """Each agent has each outcome with each of its reasons, at 0."""
    page = lines(metrics)
    closed = [line for line in page if line.startswith("tactful_intents_closed_total{")]
    assert len(closed) == len(AGENTS) * sum(len(reasons) for reasons in REASONS.values())
    assert 'tactful_nudges_total{agent="digest",written_by="fallback"} 0.0' in page
    assert 'tactful_events_total{type="other"} 0.0' in page
    assert 'tactful_model_calls_total{result="answered",task="judge"} 0.0' in page


def test_a_tally_is_added(metrics: Metrics) -> None:
    """Counts add up, observations fill buckets, gauges are the last seen."""
    tally = Tally()
    tally.count("tactful_nudges_total", "digest", "model", by=2)
    tally.count("tactful_duplicate_events_total")
    tally.observe("tactful_maturity_lateness_seconds", 61)
    tally.gauge("tactful_open_intents", 7, "digest")
    metrics.absorb(tally)
    metrics.absorb(tally)
    page = lines(metrics)
    assert 'tactful_nudges_total{agent="digest",written_by="model"} 4.0' in page
    assert "tactful_duplicate_events_total 2.0" in page
    assert 'tactful_maturity_lateness_seconds_bucket{le="60.0"} 0.0' in page
    assert 'tactful_maturity_lateness_seconds_bucket{le="300.0"} 2.0' in page
    assert 'tactful_open_intents{agent="digest"} 7.0' in page


def test_partitions_gauges_are_summed_and_forgotten(metrics: Metrics) -> None:
    """The worker's gauge is the sum of its partitions'; the oldest due time is the least that is not 0."""
    for part, value in (("0", 5.0), ("1", 3.0)):
        tally = Tally()
        tally.gauge("tactful_overdue_intents", value)
        tally.gauge("tactful_oldest_overdue_due_timestamp_seconds", 0 if part == "0" else 1_000)
        tally.gauge("tactful_lag_events", value, part)
        metrics.absorb(tally, part)
    page = lines(metrics)
    assert "tactful_overdue_intents 8.0" in page
    assert "tactful_oldest_overdue_due_timestamp_seconds 1000.0" in page
    metrics.forget("1")
    page = lines(metrics)
    assert "tactful_overdue_intents 5.0" in page
    assert "tactful_oldest_overdue_due_timestamp_seconds 0.0" in page
    assert [line for line in page if line.startswith("tactful_lag_events{")] == [
        'tactful_lag_events{partition="0"} 5.0'
    ]


def test_commits_are_counted(metrics: Metrics) -> None:
    """Both results have their series, and the time its buckets."""
    metrics.committed("committed", 0.02)
    metrics.committed("failed", 15)
    page = lines(metrics)
    assert 'tactful_commits_total{result="failed"} 1.0' in page
    assert "tactful_commit_seconds_count 2.0" in page


def test_labels_do_not_grow_without_end(metrics: Metrics) -> None:
    """Whatever services call themselves, and whatever events are named, the page stays as long as it is."""
    tally = Tally()
    for n in range(NAMES_AT_MOST + 10):
        tally.count("tactful_misrouted_events_total", f"service-{n}")
        tally.count("tactful_events_total", f"type-{n}")
    metrics.absorb(tally)
    page = lines(metrics)
    assert sum(line.startswith("tactful_misrouted_events_total{") for line in page) == NAMES_AT_MOST + 1
    assert 'tactful_misrouted_events_total{source="other"} 10.0' in page
    assert f'tactful_events_total{{type="other"}} {NAMES_AT_MOST + 10}.0' in page


def test_what_is_no_metric_is_said_once(metrics: Metrics, caplog: pytest.LogCaptureFixture) -> None:
    """A misspelt name in the core is an error in the log, and nothing worse."""
    tally = Tally()
    tally.count("tactful_nudge_total", "digest", "model")
    with caplog.at_level(logging.ERROR, "tactful.metrics"):
        metrics.absorb(tally)
        metrics.absorb(tally)
    assert len(caplog.records) == 1
