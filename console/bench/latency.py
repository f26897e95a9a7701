"""How long a request waits for its 2xx while the door has half of what it can take."""

from typing import Final

from console.bench.bench import Bench
from console.bench.core.spread import percentile
from console.bench.load import Pace
from console.bench.run_of_load import deal, play
from console.bench.throughput import HUNDRED, SINGLE, Form, rate_at_the_door

#: More than half load ever has under way, so that no request waits for a free connection.
_CONNECTIONS: Final = 128


def measure_half_load(bench: Bench) -> None:
    """Measure single events and batches of 100, each at half of its own rate."""
    for form in (SINGLE, HUNDRED):
        rate = rate_at_the_door(bench, form) / 2
        bench.figures.note("half_load_events_per_second", form.name, round(rate))
        for _ in range(bench.scale.repeat):
            _measure(bench, form, rate)


def _measure(bench: Bench, form: Form, rate: float) -> None:
    events = max(int(rate * bench.scale.latency_seconds), 100 * form.batch)
    run = play(bench, deal(bench, events, form.batch), Pace(_CONNECTIONS, rate))
    latencies = run.sent.latencies_ms()
    p50, p99 = percentile(latencies, 50), percentile(latencies, 99)
    bench.figures.add(f"ack-p50-{form.name}", p50)
    bench.figures.add(f"ack-p99-{form.name}", p99)
    bench.figures.stolen(f"ack-{form.name}", run.stolen_percent)
    bench.stage.say(
        f"ack-{form.name} at {rate:,.0f} events/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms;"
        f" {run.stolen_percent:.1f} % of the CPU time stolen"
    )
