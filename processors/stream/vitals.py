"""What every agent tells Prometheus: how far it is, and how its partitions change."""

from collections.abc import Iterable

from runtime.metrics import Metrics
from schemas import metrics as names


class Vitals:
    """The watermark and the rebalances of one agent."""

    def __init__(self, metrics: Metrics, agent: str, group: str) -> None:
        """Write into *metrics* for *agent*, a member of the consumer *group*."""
        self._watermark = metrics.gauge(names.WATERMARK).labels(agent)
        self._rebalances = metrics.counter(names.REBALANCES).labels(group)
        self._rebalance_duration = metrics.histogram(names.REBALANCE_DURATION).labels(group)
        self._watermarks: dict[int, int] = {}

    def progressed(self, partition: int, record_time_ms: int) -> None:
        """Show the least of the newest record times of all partitions."""
        self._watermarks[partition] = record_time_ms
        self._watermark.set(min(self._watermarks.values()) / 1000)

    def rebalanced(self, partitions: Iterable[int], seconds: float) -> None:
        """Take note of an assignment, which took *seconds* to load; other partitions are not ours."""
        self._rebalances.inc()
        self._rebalance_duration.observe(seconds)
        for partition in self._watermarks.keys() - frozenset(partitions):
            del self._watermarks[partition]
