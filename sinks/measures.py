"""What one sink measures of itself."""

from typing import Final

from runtime.metrics import Metrics
from runtime.postgres import RetryReason
from schemas.metrics import (
    DEDUPE_HITS,
    DEDUPE_LOOKUPS,
    REBALANCE_DURATION,
    REBALANCES,
    SINK_BATCH_DURATION,
    SINK_BATCH_ROWS,
    SINK_LAST_COMMIT,
    SINK_LOST_RECORDS,
    SINK_RETRIES,
    SINK_ROWS,
)
from sinks.core.log import Span
from sinks.sink import Written

_MS: Final = 1_000


class Measures:
    """The series of one sink."""

    def __init__(self, metrics: Metrics, sink: str, group: str) -> None:
        self._rows = metrics.counter(SINK_ROWS)
        self._batch_rows = metrics.histogram(SINK_BATCH_ROWS).labels(sink)
        self._batch_seconds = metrics.histogram(SINK_BATCH_DURATION).labels(sink)
        self._retries = metrics.counter(SINK_RETRIES)
        self._last_commit = metrics.gauge(SINK_LAST_COMMIT).labels(sink)
        self._lost = metrics.counter(SINK_LOST_RECORDS).labels(sink)
        self._rebalances = metrics.counter(REBALANCES).labels(group)
        self._rebalance_seconds = metrics.histogram(REBALANCE_DURATION).labels(group)
        self._lookups = metrics.counter(DEDUPE_LOOKUPS).labels("sink")
        self._hits = metrics.counter(DEDUPE_HITS).labels("sink")
        self._sink = sink

    def committed(self, written: Written, letters: int, seconds: float, now_ms: int) -> None:
        """Count one transaction; *letters* are records that could not be read."""
        rejected = len(written.refused) + letters
        rows = self._rows.labels
        rows(self._sink, "inserted").inc(written.inserted)
        rows(self._sink, "duplicate").inc(written.duplicate)
        rows(self._sink, "rejected").inc(rejected)
        self._lookups.inc(written.inserted + written.duplicate)
        self._hits.inc(written.duplicate)
        self._batch_rows.observe(written.inserted + written.duplicate + rejected)
        self._batch_seconds.observe(seconds)
        self._last_commit.set(now_ms / _MS)

    def retried(self, reason: RetryReason) -> None:
        """Count a transaction that has to be tried again."""
        self._retries.labels(self._sink, reason).inc()

    def lost(self, span: Span) -> None:
        """Count records that retention deleted unread."""
        self._lost.inc(span.last_offset - span.first_offset + 1)

    def rebalanced(self, seconds: float | None) -> None:
        """Count an assignment; *seconds* since the revocation before it, if there was one."""
        self._rebalances.inc()
        if seconds is not None:
            self._rebalance_seconds.observe(seconds)
