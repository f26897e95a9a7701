"""The hourly reconciliation: the books of the last two days, recounted beside the work that they check."""

import os
import threading
import time
from contextlib import suppress
from typing import Final

import psycopg

from console.books.core.entries import Sheet, Span
from console.books.reconcile import reconcile_usage
from runtime import logs
from runtime.metrics import Metrics
from runtime.settings import Settings
from schemas.errors import WeirError
from schemas.instant import HOUR_MS, SECOND_MS
from schemas.metrics import CONSERVATION_GAP, RECONCILIATION_LAST_SUCCESS, RECONCILIATION_MISSING

#: Soon after a start, so that a gap does not wait an hour to be seen; then hourly.
FIRST_SECONDS: Final = 60.0
INTERVAL_SECONDS: Final = 3_600.0
#: Late events of yesterday are still in it.
SPAN_MS: Final = 48 * HOUR_MS
_SCOPE: Final = "topic_vs_stored"
_MOST_SAID: Final = 10
#: Recounting takes seconds of CPU time, which nobody waits for: events and checks go first.
_NICENESS: Final = 19

log = logs.get_logger(__name__)


class ReconcileJob:
    """Reconciles every hour. Run it in a thread of its own."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics

    def run(self, stop: threading.Event) -> None:
        """Reconcile until *stop* is set. What cannot be compared now is said, and tried again."""
        with suppress(OSError):  # only Linux lets a thread have a niceness of its own
            # Threads that this one starts, as DuckDB's, inherit it.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        pause = FIRST_SECONDS
        while not stop.wait(pause):
            try:
                self.reconcile(time.time_ns() // 1_000_000)
                pause = INTERVAL_SECONDS
            except (WeirError, psycopg.Error) as error:
                log.warning("reconcile.not_done", reason=str(error))
                pause = FIRST_SECONDS

    def reconcile(self, now_ms: int) -> Sheet:
        """Make the books up to *now_ms* and set the gauges. Raises WeirError."""
        start_ms = (now_ms - SPAN_MS) // HOUR_MS * HOUR_MS
        sheet = reconcile_usage(self._settings, Span(from_ms=start_ms))
        self._metrics.gauge(CONSERVATION_GAP).set(sheet.gap)
        self._metrics.gauge(RECONCILIATION_MISSING).labels(_SCOPE).set(sum(row.gap for row in sheet.rows))
        self._metrics.gauge(RECONCILIATION_LAST_SUCCESS).labels(_SCOPE).set(now_ms / SECOND_MS)
        if sheet.gap:
            wrong = [finding for finding in sheet.findings if finding.wrong][:_MOST_SAID]
            log.error("reconcile.gap", gap=sheet.gap, findings=[f"{each.kind} {each.what}" for each in wrong])
        else:
            log.info("reconcile.balanced", rows=len(sheet.rows), in_flight=sheet.in_flight)
        return sheet
