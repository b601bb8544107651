"""Every metric, and the one door to prometheus_client.

No label ever holds a user id. Every label pair whose values are known is there from the start, so that a rate
over it begins at 0 and an alert on its absence means something.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client import disable_created_metrics as _no_created_series

from app.core.asks import Failed
from app.drivers.served import UNSERVED
from topics.dead_letters import DEAD_REASONS
from topics.outcomes import REASONS
from topics.user_events import KNOWN_TYPES

if TYPE_CHECKING:
    from app.core.tally import Tally

log = logging.getLogger("tactful.metrics")

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
    Metric("tactful_overdue_intents", "gauge", "Plans whose time has come and that are not decided."),
    Metric(
        "tactful_oldest_overdue_due_timestamp_seconds",
        "gauge",
        "The due time of the oldest overdue plan, 0 when there is none.",
        over="least",
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
    Metric("tactful_commits_total", "counter", "Commits that became durable, or are in doubt.", ("result",)),
    Metric("tactful_commit_seconds", "histogram", "How long commits took.", (), SHORT),
    Metric("tactful_undecided_events", "gauge", "Events that were received and not decided.", ("partition",)),
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
        "When the canary person's last event passed this stage.",
        ("stage",),
    ),
    Metric(
        "tactful_build_info", "gauge", "1, with the version and the policy's hash.", ("version", "policy")
    ),
)

RESULTS = ("answered", *get_args(Failed))
ANY: Mapping[str, tuple[str, ...]] = {"partition": (), "source": (), "error": (), "version": (), "policy": ()}
"""Labels whose values are not known beforehand."""
_VALUES: Mapping[str, tuple[str, ...]] = {
    "type": (*KNOWN_TYPES, OTHER),
    "why": ("consent_source", "erased", "nothing_to_revoke", "nothing_to_wake", OTHER),
    "what": ("unread", "doubt", "item", "mute", "recallable", "closed", "consent", OTHER),
    "asked": ("no", "yes"),
    "written_by": ("model", "fallback"),
    "task": ("reading", "compose", "judge"),
    "direction": ("input", "output"),
    "stage": ("appended", "decided"),
    "state": UNSERVED,
}


def label_values(metric: Metric, agents: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """Every combination of label values that there is from the start; none where they are not known."""
    if metric.name == "tactful_intents_closed_total":
        pairs = [(outcome, reason) for outcome, reasons in REASONS.items() for reason in sorted(reasons)]
        return [(agent, *pair) for agent in agents for pair in pairs]
    known = {**_VALUES, **ANY, "agent": tuple(agents), "reason": DEAD_REASONS, "result": RESULTS}
    if metric.name == "tactful_commits_total":
        known["result"] = ("committed", "failed")
    return itertools.product(*(known[label] for label in metric.labels)) if metric.labels else []


class Metrics:
    """The worker's page: what the core and the drivers counted, and what they last saw."""

    def __init__(self, *, agents: Sequence[str], version: str = "", policy: str = "") -> None:
        _no_created_series()  # type: ignore[no-untyped-call]  # the library leaves this one without types
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._metrics = {metric.name: metric for metric in METRICS}
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._allowed = {metric.name: frozenset(label_values(metric, agents)) for metric in METRICS}
        self._named: dict[str, set[str]] = {"source": set(), "error": set()}
        self._parts: dict[tuple[str, tuple[str, ...]], dict[str, float]] = {}
        self._unknown: set[str] = set()
        for metric in METRICS:
            series = self._made(metric)
            for values in self._allowed[metric.name]:
                series.labels(*values)
        self._gauges["tactful_build_info"].labels(version, policy).set(1)

    def absorb(self, tally: Tally, part: str = "") -> None:
        """Add what was counted; gauges are this part's (a partition's), and the page has their sum."""
        for (name, values), amount in tally.counts.items():
            if self._is_known(name, "counter", values):
                bounded, counter = self._bounded(name, values), self._counters[name]
                (counter.labels(*bounded) if bounded else counter).inc(amount)
        for name, values, value in tally.observed:
            if self._is_known(name, "histogram", values):
                bounded, histogram = self._bounded(name, values), self._histograms[name]
                (histogram.labels(*bounded) if bounded else histogram).observe(value)
        for (name, values), value in tally.gauges.items():
            if self._is_known(name, "gauge", values):
                self._parts.setdefault((name, values), {})[part] = value
                self._show(name, values)

    def forget(self, part: str) -> None:
        """Drop the gauges of a partition that went to somebody else."""
        for (name, values), parts in list(self._parts.items()):
            if parts.pop(part, None) is None:
                continue
            if not parts and "partition" in self._metrics[name].labels:
                self._gauges[name].remove(*values)
                del self._parts[(name, values)]
            else:
                self._show(name, values)

    def committed(self, result: str, seconds: float) -> None:
        """Count one commit: `committed` or `failed`, and how long it took."""
        self._counters["tactful_commits_total"].labels(result).inc()
        self._histograms["tactful_commit_seconds"].observe(seconds)

    def page(self) -> bytes:
        """Write the text that `/metrics` answers with."""
        return generate_latest(self.registry)

    def _made(self, metric: Metric) -> Counter | Gauge | Histogram:
        name, sentence, labels, registry = metric.name, metric.sentence, metric.labels, self.registry
        match metric.kind:
            case "counter":
                return self._counters.setdefault(name, Counter(name, sentence, labels, registry=registry))
            case "gauge":
                return self._gauges.setdefault(name, Gauge(name, sentence, labels, registry=registry))
            case "histogram":
                made = Histogram(name, sentence, labels, registry=registry, buckets=metric.buckets)
                return self._histograms.setdefault(name, made)

    def _is_known(self, name: str, kind: str, values: tuple[str, ...]) -> bool:
        metric = self._metrics.get(name)
        if metric is not None and metric.kind == kind and len(metric.labels) == len(values):
            return True
        if name not in self._unknown:
            self._unknown.add(name)
            log.error(
                "no %s %s with %d labels is in METRICS: what it counts is lost", kind, name, len(values)
            )
        return False

    def _bounded(self, name: str, values: tuple[str, ...]) -> tuple[str, ...]:
        """Labels never grow without end: what is not known beforehand is `other`."""
        labels = self._metrics[name].labels
        if len(labels) == 1 and (named := self._named.get(labels[0])) is not None:
            if values[0] not in named and len(named) >= NAMES_AT_MOST:
                return (OTHER,)
            named.add(values[0])
            return values
        if values in self._allowed[name]:
            return values
        return tuple(
            OTHER if OTHER in _VALUES.get(label, ()) else value
            for label, value in zip(labels, values, strict=True)
        )

    def _show(self, name: str, values: tuple[str, ...]) -> None:
        parts = self._parts[(name, values)].values()
        least = min((value for value in parts if value), default=0)
        gauge = self._gauges[name].labels(*values) if values else self._gauges[name]
        gauge.set(sum(parts) if self._metrics[name].over == "sum" else least)
