import re

import prometheus_client
import pytest

from runtime.metrics import Metrics
from runtime.metrics_table import markdown
from runtime.version import Build
from schemas.metric import Counter, Histogram
from schemas.metrics import BUILD_INFO, INGRESS_EVENTS, INGRESS_REQUESTS, SINK_RETRIES, SINK_ROWS, all_metrics
from schemas.process import PROCESSES, Process

BUILD = Build("1.2.3", "abc", "3.11.0")
#: What would make one series a customer: ruin for a time series store, and personal data besides.
FORBIDDEN_LABELS = {"tenant", "customer", "event", "id", "subject", "key"}


def exposed(metrics: Metrics) -> str:
    return prometheus_client.generate_latest(metrics.registry).decode()


def series(metrics: Metrics, name: str) -> list[str]:
    return re.findall(rf"^{name}{{(.*?)}} 0\.0$", exposed(metrics), re.MULTILINE)


def test_every_series_with_known_labels_exists_from_the_start() -> None:
    metrics = Metrics("sinks", BUILD)
    assert len(series(metrics, "weir_sink_rows_total")) == 6 * 3
    assert len(series(metrics, "weir_sink_retries_total")) == 6 * 5


def test_a_process_that_does_less_exports_less() -> None:
    metrics = Metrics("sinks", BUILD, {"sink": ["archive"]})
    assert len(series(metrics, "weir_sink_rows_total")) == 3
    assert 'sink="rollups"' not in exposed(metrics)


def test_series_with_open_labels_exist_from_the_start_where_their_values_are_given() -> None:
    assert series(Metrics("ingest", BUILD), "weir_ingress_requests_total") == []
    known = {"route": ["/v1/events", "/v1/validate"], "method": ["POST"], "code": ["202", "503"]}
    assert len(series(Metrics("ingest", BUILD, known), "weir_ingress_requests_total")) == 4


def test_what_is_counted_is_exposed() -> None:
    metrics = Metrics("ingest", BUILD)
    metrics.counter(INGRESS_EVENTS).labels("accepted").inc(500)
    metrics.counter(INGRESS_REQUESTS).labels("/v1/events", "POST", "202").inc()
    assert 'weir_ingress_events_total{outcome="accepted"} 500.0' in exposed(metrics)
    assert 'weir_ingress_requests_total{code="202",method="POST",route="/v1/events"} 1.0' in exposed(metrics)


def test_the_build_and_the_cost_of_the_process_are_exposed() -> None:
    text = exposed(Metrics("console", BUILD))
    assert 'weir_build_info{commit="abc",python="3.11.0",version="1.2.3"} 1.0' in text
    assert "process_cpu_seconds_total" in text
    assert "process_resident_memory_bytes" in text


def test_a_process_cannot_export_the_metric_of_another() -> None:
    with pytest.raises(KeyError):
        Metrics("ingest", BUILD).counter(SINK_ROWS)
    assert "weir_sink" not in exposed(Metrics("ingest", BUILD))


def test_two_processes_in_one_interpreter_do_not_meet() -> None:
    one, two = Metrics("sinks", BUILD), Metrics("sinks", BUILD)
    one.counter(SINK_RETRIES).labels("archive", "deadlock").inc()
    assert 'reason="deadlock",sink="archive"} 1.0' in exposed(one)
    assert 'reason="deadlock",sink="archive"} 0.0' in exposed(two)


@pytest.mark.parametrize("process", PROCESSES)
def test_every_process_exports_the_metrics_declared_for_it_and_no_others(process: Process) -> None:
    names = {
        line.split()[2] for line in exposed(Metrics(process, BUILD)).splitlines() if "# TYPE weir_" in line
    }
    assert names == {metric.full_name for metric in all_metrics() if process in metric.processes}


def test_declarations_keep_the_rules_of_the_house() -> None:
    names = [metric.name for metric in all_metrics()]
    assert len(names) == len(set(names))
    for metric in all_metrics():
        assert isinstance(metric, Counter) == metric.name.endswith("_total"), metric.name
        assert FORBIDDEN_LABELS.isdisjoint(label.name for label in metric.labels), metric.name
        # A gauge of an age is old when it is read: a timestamp is not.
        assert isinstance(metric, Histogram) or "age" not in metric.name.split("_"), metric.name
        assert metric.processes, metric.name
        if isinstance(metric, Histogram):
            assert list(metric.buckets) == sorted(set(metric.buckets)), metric.name


def test_the_table_has_a_row_for_every_metric() -> None:
    table = markdown()
    for metric in all_metrics():
        assert table.count(f"| `{metric.full_name}` |") == 1
    assert BUILD_INFO.help in table
    assert len({line.replace(r"\|", "").count("|") for line in table.splitlines()}) == 1
