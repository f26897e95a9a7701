from typing import Any

from console.bench.figures import Figures
from console.bench.markdown import tables

RUN: dict[str, Any] = {
    "begun_at": "2026-11-21T16:00:00Z",
    "machine": {"cores": 2, "cpu": "some", "memory_gib": 23.5, "system": "Linux", "python": "3.11.7"},
    "load_average_before": [0.5, 1.0, 2.0],
    "loop_cpu_seconds": [0.512, 0.526],
    "rows": [
        {
            "what": "speed",
            "unit": "events/s",
            "bar": 75_000,
            "prototype": "",
            "goal": 120_000,
            "median": 80_000.4,
            "min": 79_000.0,
            "max": 81_000.0,
            "values": [79_000.0, 80_000.4, 81_000.0],
            "reached": "bar",
        }
    ],
}


def test_a_run_becomes_the_table_of_the_docs() -> None:
    told = tables(RUN)
    assert "load average at the start 0.5" in told
    assert "before and after: 0.51, 0.53." in told
    assert "| speed | events/s | 75,000 |  | 120,000 | 80,000 | 79,000 to 81,000 (3) | bar |  |" in told


def test_the_speed_of_the_machine_is_told_where_it_was_measured() -> None:
    (row,) = RUN["rows"]
    told = tables(RUN | {"rows": [row | {"in_proportion": "goal"}], "request_floor_us": [70.0, 60.0, 50.0]})
    assert "(3) | bar | goal |" in told
    assert "took 60 µs of CPU, 30 where the bars were set" in told


def test_the_cost_of_each_process_is_the_median_of_its_repetitions() -> None:
    figures = Figures()
    for cost in (4.0, 9.0, 5.0):
        figures.spent("http-100", {"ingest": cost})
    figures.spent("log-to-store", {"sinks": 2.5})
    told = tables(RUN | figures.notes)
    assert "| CPU, µs an event | ingest | sinks |" in told
    assert "| http-100 | 5 |  |" in told
    assert "| log-to-store |  | 2.50 |" in told


def test_a_baseline_stands_beside_it() -> None:
    found = {"name": "by hand", "form": "100", "events_per_second": [3, 1, 2], "p99_ms": [7.5]}
    assert "| by hand | 100 | 2 | 7.50 |" in tables(RUN | {"baselines": [found]})
