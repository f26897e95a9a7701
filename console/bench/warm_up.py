"""Before the first rate: load until what runs in the first minute only is over.

The JDK compiles Kafka's hot paths while they run, for half a minute of load, and a console that was
just started makes the books once before it makes them hourly. Neither is part of a sustained rate.
"""

import time
import urllib.request
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from console.bench.bench import Bench
from console.bench.load import Pace
from console.bench.run_of_load import deal, play
from console.bench.throughput import HUNDRED
from deploy.local import stack
from schemas.metrics import RECONCILIATION_LAST_SUCCESS
from schemas.process import CONSOLE

_ROUND_EVENTS: Final = 200_000
#: A broker that still gets cheaper by more than this is still being compiled.
_SETTLED: Final = 0.9
#: The compiler rests now and then: one round as dear as those before says little.
_ROUNDS_AS_DEAR: Final = 2
_ANSWER_SECONDS: Final = 10.0


def warm_up(bench: Bench) -> None:
    """Send until the broker's CPU an event has settled and the first books are made, or it takes too long."""
    deadline = time.monotonic() + bench.scale.warm_up_seconds
    least, as_dear = float("inf"), 0
    while time.monotonic() < deadline:
        spent = play(bench, deal(bench, _ROUND_EVENTS, HUNDRED.batch), Pace(HUNDRED.connections)).cpu_us
        bench.stage.say(f"warming up: the broker takes {spent['kafka']:.1f} µs an event")
        as_dear = as_dear + 1 if spent["kafka"] > _SETTLED * least else 0
        if as_dear >= _ROUNDS_AS_DEAR and _books_are_made(bench):
            return
        least = min(least, spent["kafka"])


def _books_are_made(bench: Bench) -> bool:
    """Ask the console whether it has made the books since its start."""
    processes = stack.status(bench.stage.folder).processes
    address = next(process.metrics for process in processes if process.name == CONSOLE)
    with urllib.request.urlopen(str(address), timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - our own stack
        families = text_string_to_metric_families(answer.read().decode())
        return any(
            sample.value > 0
            for family in families
            if family.name == f"weir_{RECONCILIATION_LAST_SUCCESS.name}"
            for sample in family.samples
        )
