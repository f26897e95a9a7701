"""A hot key is named in the log once in an hour, and in no metric ever."""

import pytest
from prometheus_client import generate_latest

from processors.usage import hot_keys
from processors.usage.core.hot_keys import HotKey
from processors.usage.hot_keys import HotKeyReport
from runtime.metrics import Metrics
from runtime.version import build
from schemas.instant import HOUR_MS
from schemas.process import PROCESSORS

ACME = HotKey("acme", "c-1", 0.6251)
TENANT = HotKey("acme", "", 0.9)
START = 400 * HOUR_MS


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = []
    monkeypatch.setattr(hot_keys.log, "warning", lambda event, **fields: lines.append({event: fields}))
    return lines


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(PROCESSORS, build())


def test_it_is_logged_once_an_hour_with_its_share(metrics: Metrics, said: list[dict[str, object]]) -> None:
    report = HotKeyReport(metrics)
    report.found(3, [ACME], START)
    report.found(3, [ACME, TENANT], START + HOUR_MS - 1)
    assert said == [
        {"hot_key": {"partition": 3, "tenant": "acme", "customer": "c-1", "share": 0.625}},
        {"hot_key": {"partition": 3, "tenant": "acme", "customer": "", "share": 0.9}},
    ]
    report.found(3, [ACME], START + HOUR_MS)
    assert len(said) == 3


def test_the_metrics_know_numbers_and_no_names(
    metrics: Metrics, said: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = HotKeyReport(metrics)

    def value(name: str, kind: str) -> float | None:
        return metrics.registry.get_sample_value(f"weir_{name}", {"kind": kind})

    assert (value("hot_keys", "customer"), value("hot_key_share_ratio", "customer")) == (0, 0)
    report.found(3, [ACME, TENANT], START)
    report.found(4, [HotKey("acme", "c-2", 0.3)], START)
    assert (value("hot_keys", "customer"), value("hot_key_share_ratio", "customer")) == (2, 0.6251)
    assert (value("hot_keys", "tenant"), value("hot_key_share_ratio", "tenant")) == (1, 0.9)
    assert b"acme" not in generate_latest(metrics.registry)
    assert len(said) == 3

    report.keep([4])
    assert value("hot_keys", "customer") == 1
    report.found(4, [], START)
    assert value("hot_keys", "customer") == 0
    report.found(4, [ACME], START)
    monkeypatch.setattr(hot_keys, "_STALE_SECONDS", -1.0)  # as if nothing had come for long
    assert value("hot_keys", "customer") == 0
