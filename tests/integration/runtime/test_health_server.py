import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from deploy.local.ports import free_port
from runtime.health import Health
from runtime.health_server import HealthServer, HealthThread
from runtime.metrics import Metrics
from runtime.version import Build
from schemas.errors import Misconfigured
from schemas.metrics import INGRESS_EVENTS

LOCALHOST = "127.0.0.1"


class Process:
    """A process that lacks things and gets stuck at a word."""

    def __init__(self) -> None:
        self.now = 0.0
        self.missing: str | None = None
        self.lag = 0
        self.metrics = Metrics("ingest", Build("1", "2", "3"))
        self.health = Health(clock=lambda: self.now)
        self.health.need("catalogue", lambda: self.missing)
        self.health.watch("usage", lambda: 0, lambda: self.lag)


def answer(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{LOCALHOST}:{port}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
def port(process: Process) -> Iterator[int]:
    with HealthThread(process.health, process.metrics.registry, LOCALHOST, 0) as server:
        yield server.port


def test_readiness_names_what_is_missing(process: Process, port: int) -> None:
    assert answer(port, "/readyz") == (200, '{"status": "ok", "reasons": {}}')
    process.missing = "not read yet"
    status, body = answer(port, "/readyz")
    assert (status, json.loads(body)["reasons"]) == (503, {"catalogue": "not read yet"})
    assert answer(port, "/livez")[0] == 200  # not ready is no reason to be killed


def test_liveness_fails_when_work_waits_and_nothing_moves(process: Process, port: int) -> None:
    process.lag = 5
    assert answer(port, "/livez")[0] == 200
    assert answer(port, "/livez")[0] == 200
    process.now += 60
    status, body = answer(port, "/livez")
    assert (status, json.loads(body)["reasons"]) == (
        503,
        {"usage": "work waits and nothing has moved for 60 s"},
    )


def test_metrics_are_what_prometheus_reads(process: Process, port: int) -> None:
    process.metrics.counter(INGRESS_EVENTS).labels("accepted").inc(7)
    status, body = answer(port, "/metrics")
    assert status == 200
    assert 'weir_ingress_events_total{outcome="accepted"} 7.0' in body


async def test_inside_a_loop_it_answers_the_same(process: Process) -> None:
    async with HealthServer(process.health, process.metrics.registry, LOCALHOST, 0) as server:
        assert await asyncio.to_thread(answer, server.port, "/livez") == (
            200,
            '{"status": "ok", "reasons": {}}',
        )
    with pytest.raises(urllib.error.URLError):
        answer(server.port, "/livez")


def test_a_taken_port_is_misconfigured_and_named() -> None:
    port = free_port()
    with (
        HealthThread(Health(), CollectorRegistry(), LOCALHOST, port),
        pytest.raises(Misconfigured, match=f"{port} .*taken.*WEIR_HEALTH_PORT"),
        HealthThread(Health(), CollectorRegistry(), LOCALHOST, port),
    ):
        pass
