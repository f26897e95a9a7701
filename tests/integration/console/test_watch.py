"""What looks on from the side sees dead letters that are owed, the clocks, and a gap in the books."""

import time
from collections.abc import Callable

import pytest

from console.control.topics import apply_topics
from console.watch.outbox import pending
from console.watch.reconcile_job import ReconcileJob
from console.watch.store_exporter import StoreExporter
from runtime.metrics import Metrics
from runtime.postgres import Connection
from runtime.settings import Settings
from runtime.version import build
from schemas.process import CONSOLE
from tests.integration.console.api import MICRO, count_of, put_rollup, this_hour_ms
from tests.integration.console.shipped import apply_shipped
from tests.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CONSOLE, build())


def value(metrics: Metrics, name: str, **labels: str) -> float:
    found = metrics.registry.get_sample_value(name, labels)
    assert found is not None, name
    return found


def test_dead_letters_are_owed_until_they_are_resolved(
    settings: Settings, connection: Connection, metrics: Metrics
) -> None:
    exporter = StoreExporter(settings, metrics)
    topic = f"{settings.topic_prefix}usage"
    exporter.look(connection)
    assert value(metrics, "weir_dlq_depth", topic=topic) == 0

    for offset in range(3):
        connection.execute(
            'insert into dead_letters (topic, partition, "offset", stage, reason, detail, tenant, key,'
            " original) values (%s, 0, %s, 'sink:archive', 'unreadable', '', '', '', '')",
            (topic, offset),
        )
    exporter.look(connection)
    assert value(metrics, "weir_dlq_depth", topic=topic) == 3
    oldest = value(metrics, "weir_dlq_oldest_timestamp_seconds", topic=topic)
    assert 0 <= time.time() - oldest < 60

    connection.execute('update dead_letters set resolved_at = now() where "offset" > 0')
    exporter.look(connection)
    assert value(metrics, "weir_dlq_depth", topic=topic) == 1
    assert abs(value(metrics, "weir_clock_offset_seconds", reference="postgres")) < 1


def test_a_row_that_no_event_explains_is_a_gap_on_the_gauge(
    settings: Settings, connection: Connection, metrics: Metrics, relay: Callable[[], object]
) -> None:
    assert not apply_topics(settings, connection).findings
    apply_shipped(connection)
    relay()
    until(lambda: not pending(connection))
    job = ReconcileJob(settings, metrics)
    now_ms = time.time_ns() // 1_000_000

    job.reconcile(now_ms)
    assert value(metrics, "weir_conservation_gap_events") == 0
    scope = "topic_vs_stored"
    assert value(metrics, "weir_reconciliation_last_success_timestamp_seconds", scope=scope) == now_ms / 1_000

    hour = this_hour_ms()
    put_rollup(connection, "acme", "c-1", "api", hour, count_of(2, 2 * MICRO, hour))
    job.reconcile(now_ms)
    assert value(metrics, "weir_conservation_gap_events") == 2
