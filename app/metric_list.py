"""Every metric in one list, each with the sentence that says what it means.

No label ever holds a user id. Every label pair whose values are known is there from the start, so that a rate
over it begins at 0 and an alert on its absence means something. `docs/metrics.md` is written from this list.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from app.core.asks import Failed
from app.deliver.book import End, Meaning
from app.drivers.served import STAGES, UNSERVED
from topics.dead_letters import DEAD_REASONS
from topics.outcomes import REASONS
from topics.user_events import KNOWN_TYPES

OTHER = "other"
"""What stands for a value that is not known beforehand, where the values are bounded."""
NAMES_AT_MOST = 50
"""Services that write to a wrong partition, or kinds of errors, that are named; the next ones are `other`."""

SHORT = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15)
"""Up to a commit's 15 s."""
LONG = (0.01, 0.1, 0.5, 1, 2, 4, 8, 15, 25, 40, 60)
"""Up to a pass's 60 s; 25 s is a request's limit."""
LATE = (1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400)
"""Up to `catch_up.late_by`, a day."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `over` says how the partitions' gauges become the worker's."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    sentence: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    over: Literal["sum", "least"] = "sum"


METRICS: tuple[Metric, ...] = (
    Metric("tactful_events_total", "counter", "Events that were folded, by type.", ("type",)),
    Metric("tactful_duplicate_events_total", "counter", "Events whose source and id were known already."),
    Metric("tactful_ignored_events_total", "counter", "Events that had no effect, by why.", ("why",)),
    Metric(
        "tactful_misrouted_events_total",
        "counter",
        "Events that stood in another partition than their key's, by the service that wrote them.",
        ("source",),
    ),
    Metric(
        "tactful_dead_letters_total", "counter", "Records that could not be understood, by why.", ("reason",)
    ),
    Metric("tactful_defects_total", "counter", "Passes that raised and were taken again.", ("error",)),
    Metric("tactful_events_lost_total", "counter", "Events that retention took before they were decided."),
    Metric(
        "tactful_dropped_total", "counter", "What fell off a row that was full, by what it was.", ("what",)
    ),
    Metric(
        "tactful_passes_total", "counter", "Passes that ended, by whether they asked the model.", ("asked",)
    ),
    Metric(
        "tactful_pass_seconds", "histogram", "How long passes took that asked the model.", ("asked",), LONG
    ),
    Metric("tactful_passes_in_flight", "gauge", "Passes that wait for a model."),
    Metric("tactful_intents_opened_total", "counter", "Plans that opened.", ("agent",)),
    Metric("tactful_intents_closed_total", "counter", "Plans that closed.", ("agent", "outcome", "reason")),
    Metric("tactful_open_intents", "gauge", "Plans that are open.", ("agent",)),
    Metric(
        "tactful_overdue_intents",
        "gauge",
        "Plans whose time has come and that wait for their turn, one a person.",
    ),
    Metric(
        "tactful_oldest_overdue_due_timestamp_seconds",
        "gauge",
        "The due time of the oldest overdue plan, 0 when there is none.",
        over="least",
    ),
    Metric(
        "tactful_ledger_imbalance_intents",
        "gauge",
        "Plans that vanished, or that nobody opened: open when the rows were restored, plus opened, less closed, "
        "against what stands in the rows. Always 0.",
    ),
    Metric(
        "tactful_maturity_lateness_seconds",
        "histogram",
        "How long after its due time, or the end of its deferral, a plan was looked at.",
        (),
        LATE,
    ),
    Metric("tactful_nudges_total", "counter", "Nudges that were sent.", ("agent", "written_by")),
    Metric("tactful_recalls_total", "counter", "Nudges that were taken back.", ("agent",)),
    Metric(
        "tactful_agent_paused", "gauge", "1 while the agent is paused; `*` is the switch for all.", ("agent",)
    ),
    Metric("tactful_reading_debt_messages", "gauge", "Messages that no reading has covered yet."),
    Metric(
        "tactful_held_intents", "gauge", "Plans that are due and held because something is unread or unsure."
    ),
    Metric(
        "tactful_model_calls_total",
        "counter",
        "Requests to the model, by what came of them.",
        ("task", "result"),
    ),
    Metric("tactful_model_seconds", "histogram", "How long requests to the model took.", ("task",), LONG),
    Metric("tactful_model_tokens_total", "counter", "Tokens that the model reported.", ("task", "direction")),
    Metric("tactful_model_circuit_open", "gauge", "1 while the circuit breaker lets no request through."),
    Metric(
        "tactful_model_cost_usd_total",
        "counter",
        "US dollars that the model cost by the policy's prices, of the models that have one.",
        ("model",),
    ),
    Metric("tactful_model_requests_in_flight", "gauge", "Requests to the model that wait for an answer."),
    Metric("tactful_model_slots", "gauge", "Requests to the model that may be on their way at once."),
    Metric("tactful_model_budget_requests", "gauge", "Answered requests that the policy allows in a minute."),
    Metric(
        "tactful_model_budget_left_requests",
        "gauge",
        "Requests that may still be sent now without passing the minute's budget.",
    ),
    Metric(
        "tactful_day_budget_spent_total",
        "counter",
        "Requests that were not made because the person's calls of the day were spent.",
        ("task",),
    ),
    Metric("tactful_commits_total", "counter", "Commits that became durable, or are in doubt.", ("result",)),
    Metric("tactful_commit_seconds", "histogram", "How long commits took.", (), SHORT),
    Metric("tactful_undecided_events", "gauge", "Events that were received and not decided.", ("partition",)),
    Metric(
        "tactful_backlog_fullness_ratio",
        "gauge",
        "How far the fullest bound of what may wait undecided is reached; from 1 on nothing is received.",
        ("partition",),
    ),
    Metric("tactful_lag_events", "gauge", "Events in the log that are not decided.", ("partition",)),
    Metric(
        "tactful_input_blocked_seconds",
        "gauge",
        "How long somebody's open transaction has kept events from being read.",
        ("partition",),
    ),
    Metric("tactful_restore_seconds", "histogram", "How long taking over a partition took.", (), LONG),
    Metric(
        "tactful_fenced_total", "counter", "Times that another worker took a partition that this one held."
    ),
    Metric("tactful_partitions", "gauge", "Partitions that people are spread over, whoever holds them."),
    Metric("tactful_partitions_owned", "gauge", "Partitions that this worker has taken over."),
    Metric(
        "tactful_partitions_unserved",
        "gauge",
        "Partitions that are this worker's and not at work, by how they are.",
        ("state",),
    ),
    Metric(
        "tactful_heartbeat_timestamp_seconds",
        "gauge",
        "When the last event of the canary person was sent that has passed this stage in every partition here.",
        ("stage",),
    ),
    Metric(
        "tactful_heartbeat_seconds",
        "histogram",
        "How long the canary person's event took from its sending through this stage, in the slowest partition.",
        ("stage",),
        SHORT,
    ),
    Metric(
        "tactful_build_info", "gauge", "1, with the version and the policy's hash.", ("version", "policy")
    ),
)

DELIVERY: tuple[Metric, ...] = (
    Metric(
        "tactful_delivery_attempts_total",
        "counter",
        "Posts to the receiver, by what its answer means: `refused` has not arrived, `unknown` may have.",
        ("answer",),
    ),
    Metric("tactful_delivery_attempt_seconds", "histogram", "How long posts took.", (), SHORT),
    Metric(
        "tactful_delivery_ended_total",
        "counter",
        "Nudges and recalls that are over and told to the log, by how they ended.",
        ("end",),
    ),
    Metric(
        "tactful_delivery_delay_seconds",
        "histogram",
        "How long after its decision a nudge was taken by the receiver.",
        (),
        LATE,
    ),
    Metric("tactful_delivery_waiting_nudges", "gauge", "Nudges and recalls that were read and are not over."),
    Metric(
        "tactful_delivery_oldest_waiting_timestamp_seconds",
        "gauge",
        "When the oldest of them was decided, 0 when there is none.",
        over="least",
    ),
    Metric(
        "tactful_delivery_unread_nudges",
        "gauge",
        "Nudges and recalls that stand on the topic and were not read yet, counted up to 1,000.",
    ),
    Metric("tactful_delivery_log_away", "gauge", "1 while the log cannot be read, or takes no receipts."),
)
"""The page of `tactful deliver`, a process of its own."""

RESULTS = ("answered", *get_args(Failed))
ANY: Mapping[str, tuple[str, ...]] = {
    "partition": (),
    "source": (),
    "error": (),
    "version": (),
    "policy": (),
    "model": (),
}
"""Labels whose values are not known beforehand."""
VALUES: Mapping[str, tuple[str, ...]] = {
    "type": (*KNOWN_TYPES, OTHER),
    "why": ("consent_source", "erased", "nothing_to_revoke", "nothing_to_wake", OTHER),
    "what": ("unread", "doubt", "item", "mute", "recallable", "closed", "consent", OTHER),
    "asked": ("no", "yes"),
    "written_by": ("model", "fallback"),
    "task": ("reading", "compose", "judge"),
    "direction": ("input", "output"),
    "stage": STAGES,
    "state": UNSERVED,
    "answer": get_args(Meaning),
    "end": get_args(End),
}


def label_values(metric: Metric, agents: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """Every combination of label values that there is from the start; none where they are not known."""
    if metric.name == "tactful_intents_closed_total":
        pairs = [(outcome, reason) for outcome, reasons in REASONS.items() for reason in sorted(reasons)]
        return [(agent, *pair) for agent in agents for pair in pairs]
    known = {**VALUES, **ANY, "agent": tuple(agents), "reason": DEAD_REASONS, "result": RESULTS}
    if metric.name == "tactful_commits_total":
        known["result"] = ("committed", "failed")
    if metric.name == "tactful_agent_paused":
        known["agent"] = (*agents, "*")
    return itertools.product(*(known[label] for label in metric.labels)) if metric.labels else []
