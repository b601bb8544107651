"""The pages of metrics, the worker's and the delivery service's, and the one door to prometheus_client."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client import disable_created_metrics as _no_created_series

from app.metric_list import METRICS, NAMES_AT_MOST, OTHER, VALUES, Metric, label_values

if TYPE_CHECKING:
    from app.core.tally import Tally

log = logging.getLogger("tactful.metrics")


class Metrics:
    """One page: what was counted, and what was last seen. Without `listed` it is the worker's."""

    def __init__(
        self,
        *,
        agents: Sequence[str] = (),
        version: str = "",
        policy: str = "",
        listed: Sequence[Metric] = METRICS,
    ) -> None:
        _no_created_series()  # type: ignore[no-untyped-call]  # the library leaves this one without types
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._metrics = {metric.name: metric for metric in listed}
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._allowed = {metric.name: frozenset(label_values(metric, agents)) for metric in listed}
        self._named: dict[str, set[str]] = {"source": set(), "error": set(), "model": set()}
        self._parts: dict[tuple[str, tuple[str, ...]], dict[str, float]] = {}
        self._unknown: set[str] = set()
        for metric in listed:
            series = self._made(metric)
            for values in self._allowed[metric.name]:
                series.labels(*values)
        if (build := self._gauges.get("tactful_build_info")) is not None:
            build.labels(version, policy).set(1)

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
            OTHER if OTHER in VALUES.get(label, ()) else value
            for label, value in zip(labels, values, strict=True)
        )

    def _show(self, name: str, values: tuple[str, ...]) -> None:
        parts = self._parts[(name, values)].values()
        least = min((value for value in parts if value), default=0)
        gauge = self._gauges[name].labels(*values) if values else self._gauges[name]
        gauge.set(sum(parts) if self._metrics[name].over == "sum" else least)
