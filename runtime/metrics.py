"""The metrics of one process, built from the registry in `schemas.metrics`; nothing else can be exported.

`metrics.counter(REBALANCES).labels(group).inc()`. A series whose labels are all known exists from the
start, at 0, so that a rate has a beginning and an alert has something to look at.
"""

from collections.abc import Iterable, Mapping
from itertools import product

import prometheus_client
from prometheus_client import CollectorRegistry, ProcessCollector

from runtime.version import Build
from schemas.metric import Counter, Gauge, Histogram, Metric
from schemas.metrics import BUILD_INFO, all_metrics
from schemas.process import Process

Collector = prometheus_client.Counter | prometheus_client.Gauge | prometheus_client.Histogram


class Metrics:
    """What one process exports. Its `registry` is for the health server."""

    def __init__(
        self, process: Process, build: Build, values: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        """Build every metric of *process*.

        *values* are label values known at the start, by label: of an open label (routes, topics), or
        fewer than declared of a closed one (a process that runs one sink of four).
        """
        # A switch of the whole library; all it drops is a second series beside each counter.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._counters: dict[str, prometheus_client.Counter] = {}
        self._gauges: dict[str, prometheus_client.Gauge] = {}
        self._histograms: dict[str, prometheus_client.Histogram] = {}
        ProcessCollector(registry=self.registry)
        known = {label: tuple(each) for label, each in (values or {}).items()}
        for metric in all_metrics():
            if process in metric.processes:
                self._add(metric, known)
        self.gauge(BUILD_INFO).labels(*build).set(1)

    def counter(self, metric: Counter) -> prometheus_client.Counter:
        """Return the counter *metric*; KeyError if it is not declared for this process."""
        return self._counters[metric.name]

    def gauge(self, metric: Gauge) -> prometheus_client.Gauge:
        """Return the gauge *metric*; KeyError if it is not declared for this process."""
        return self._gauges[metric.name]

    def histogram(self, metric: Histogram) -> prometheus_client.Histogram:
        """Return the histogram *metric*; KeyError if it is not declared for this process."""
        return self._histograms[metric.name]

    def _add(self, metric: Metric, known: Mapping[str, tuple[str, ...]]) -> None:
        collector = self._built(metric)
        if metric.labels:
            for series in product(*(known.get(label.name, label.values) for label in metric.labels)):
                collector.labels(*series)

    def _built(self, metric: Metric) -> Collector:
        name, labels = metric.full_name, [label.name for label in metric.labels]
        match metric:
            case Counter():
                counter = prometheus_client.Counter(name, metric.help, labels, registry=self.registry)
                return self._counters.setdefault(metric.name, counter)
            case Gauge():
                gauge = prometheus_client.Gauge(name, metric.help, labels, registry=self.registry)
                return self._gauges.setdefault(metric.name, gauge)
            case Histogram(buckets=buckets):
                histogram = prometheus_client.Histogram(
                    name, metric.help, labels, registry=self.registry, buckets=buckets
                )
                return self._histograms.setdefault(metric.name, histogram)
        raise TypeError(f"{metric.name} is neither counter, gauge nor histogram")
