"""A tenant floods the door, held to a rate: what another one feels, against what it feels alone."""

from collections.abc import Callable, Sequence
from typing import Final

from console.bench.bench import Bench
from console.bench.core.spread import percentile
from console.bench.quota_probe import Probe, flood, probe
from console.bench.quotas import client, prober, target_of
from console.control.tenants import limit_rate
from console.generator.keys import open_accounts
from runtime.postgres import connect
from schemas.rate import Rate

_FLOODER: Final = "flooder"
_RATE: Final = Rate(per_second=1_000, burst=2_000)
#: Events of the other tenant, for each second of a run at half load.
_PROBES_PER_SECOND: Final = 20
#: The flood begins before the first event and ends behind the last one.
_FLOOD_FACTOR: Final = 3.0


def measure_fairness(bench: Bench) -> None:
    """Measure the same events alone and beside the flood, one right after the other."""
    settings = bench.stage.settings
    [flooder] = open_accounts(settings, [_FLOODER])
    with connect(settings, "bench", autocommit=True) as connection:
        limit_rate(connection, flooder.tenant, _RATE)
    target = target_of(bench)
    probes = int(_PROBES_PER_SECOND * bench.scale.latency_seconds)
    for _ in range(bench.scale.repeat):
        with prober() as prober_process, client() as flooder_process:
            alone = prober_process.submit(probe, target, probes).result()
            seconds = _FLOOD_FACTOR * bench.scale.latency_seconds
            flooding = flooder_process.submit(flood, target._replace(key=flooder.key), seconds)
            beside = prober_process.submit(probe, target, probes).result()
            bench.figures.note("flood", "requests_refused", flooding.result())
        _take(bench, "ack", alone, beside, lambda each: each.acknowledged_ms)
        _take(bench, "known", alone, beside, lambda each: each.known_ms)


def _take(
    bench: Bench,
    name: str,
    alone: Sequence[Probe],
    beside: Sequence[Probe],
    value: Callable[[Probe], float],
) -> None:
    quiet, loud = (percentile([value(each) for each in run], 99) for run in (alone, beside))
    bench.figures.add(f"flood-{name}-p99", loud)
    bench.figures.add(f"flood-{name}-times", loud / quiet)
    bench.stage.say(f"beside a flood, {name}: p99 {loud:.1f} ms, alone {quiet:.1f} ms")
