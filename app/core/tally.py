"""What was counted, as plain values: the core knows no metrics library."""

from __future__ import annotations


class Tally:
    """Amounts by metric name and label values, in the order of the metric's labels."""

    __slots__ = ("counts", "gauges", "observed")

    def __init__(self) -> None:
        self.counts: dict[tuple[str, tuple[str, ...]], float] = {}
        self.observed: list[tuple[str, tuple[str, ...], float]] = []
        self.gauges: dict[tuple[str, tuple[str, ...]], float] = {}

    def count(self, metric: str, *labels: str, by: float = 1) -> None:
        """Add to a counter."""
        key = (metric, labels)
        self.counts[key] = self.counts.get(key, 0) + by

    def observe(self, metric: str, value: float, *labels: str) -> None:
        """One observation of a histogram."""
        self.observed.append((metric, labels, value))

    def gauge(self, metric: str, value: float, *labels: str) -> None:
        """The present value of a gauge."""
        self.gauges[(metric, labels)] = value

    def absorb(self, other: Tally) -> None:
        """Add another tally to this one."""
        for key, amount in other.counts.items():
            self.counts[key] = self.counts.get(key, 0) + amount
        if other.observed:
            self.observed.extend(other.observed)
        if other.gauges:
            self.gauges.update(other.gauges)
