"""Quotas under load: how long a check takes, and how soon it knows of an event that was accepted."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from typing import Final

from console.bench.bench import Bench
from console.bench.core.spread import percentile
from console.bench.load import Pace
from console.bench.quota_probe import Target, check_latencies, probe
from console.bench.run_of_load import deal, play
from console.bench.throughput import HUNDRED, rate_at_the_door

_CHECKS_PER_SECOND: Final = 1_000.0
#: Beside them; less on a machine that cannot carry twice as much.
_EVENTS_PER_SECOND: Final = 20_000.0
_KNOWN_EVENTS_PER_SECOND: Final = 2_000.0
_CONNECTIONS: Final = 32
#: Of whom checks are asked in turn.
_CUSTOMERS: Final = 1_000
#: Events that are looked for, one after the other, in each second of the load.
_PROBES_PER_SECOND: Final = 2


def measure_quotas(bench: Bench) -> None:
    """Measure checks beside a heavy load, and beside a light one how soon they know."""
    for _ in range(bench.scale.repeat):
        _measure_checks(bench)
        _measure_known(bench)


def _measure_checks(bench: Bench) -> None:
    rate = min(_EVENTS_PER_SECOND, rate_at_the_door(bench, HUNDRED) / 2)
    seconds = bench.scale.latency_seconds
    batches = deal(bench, int(rate * seconds), HUNDRED.batch)
    customers = [f"c-{number}" for number in range(_CUSTOMERS)]
    with prober() as process:
        asked = process.submit(check_latencies, target_of(bench), customers, _CHECKS_PER_SECOND, seconds)
        run = play(bench, batches, Pace(_CONNECTIONS, rate))
        latencies = asked.result()
    p50, p99 = percentile(latencies, 50), percentile(latencies, 99)
    bench.figures.add("quota-check-p50", p50)
    bench.figures.add("quota-check-p99", p99)
    bench.figures.stolen("quota-check", run.stolen_percent)
    bench.figures.note("quota_checks", "beside_events_per_second", round(rate))
    bench.stage.say(f"checks of quotas beside {rate:,.0f} events/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def _measure_known(bench: Bench) -> None:
    seconds = bench.scale.latency_seconds
    batches = deal(bench, int(_KNOWN_EVENTS_PER_SECOND * seconds), 10)
    with prober() as process:
        asked = process.submit(probe, target_of(bench), int(_PROBES_PER_SECOND * seconds))
        play(bench, batches, Pace(_CONNECTIONS, _KNOWN_EVENTS_PER_SECOND))
        latencies = [each.known_ms for each in asked.result()]
    p50, p99 = percentile(latencies, 50), percentile(latencies, 99)
    bench.figures.add("quota-known-p50", p50)
    bench.figures.add("quota-known-p99", p99)
    bench.stage.say(f"accepted until a check knows: p50 {p50:.0f} ms, p99 {p99:.0f} ms")


@contextmanager
def prober() -> Iterator[ProcessPoolExecutor]:
    """Return a process whose clock waits for nobody: who asks would be on another machine."""
    with client() as pool:
        pool.submit(_go_first).result()
        yield pool


@contextmanager
def client() -> Iterator[ProcessPoolExecutor]:
    """Return a process that has started, so that it does not start beside the load.

    It has a session of its own, as each process of a stack: Linux may share CPU time out by session.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=os.setsid) as pool:
        pool.submit(int).result()
        yield pool


def _go_first() -> None:
    with suppress(PermissionError):  # then it waits its turn, and what it measures is a little longer
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def target_of(bench: Bench) -> Target:
    """Return the doors, to be asked as the first tenant."""
    settings = bench.stage.settings
    return Target(settings.host, settings.ingest_port, settings.checks_port, bench.stage.accounts[0].key)
