"""From HTTP to rollups and archive, as fast as it is answered: rate, and CPU of every process."""

from statistics import median
from typing import Final, NamedTuple

from console.bench.bench import Bench
from console.bench.load import Pace
from console.bench.run_of_load import Run, deal, play


class Form(NamedTuple):
    """One way to send."""

    #: As in the names of rows: http-NAME.
    name: str
    batch: int
    connections: int


SINGLE: Final = Form("single", 1, 64)
HUNDRED: Final = Form("100", 100, 16)
THOUSAND: Final = Form("1000", 1_000, 8)
_WITH_STORED: Final = {SINGLE.name, HUNDRED.name}


def measure_singles(bench: Bench) -> None:
    """Measure single events."""
    _measure(bench, SINGLE, bench.scale.events_single)


def measure_hundreds(bench: Bench) -> None:
    """Measure batches of 100."""
    _measure(bench, HUNDRED, bench.scale.events_100)


def measure_thousands(bench: Bench) -> None:
    """Measure batches of 1,000."""
    _measure(bench, THOUSAND, bench.scale.events_1000)


def rate_at_the_door(bench: Bench, form: Form) -> float:
    """Return events a second that *form* reached, measured now if it has not been."""
    values = bench.figures.values[f"http-{form.name}"]
    if not values:
        events = bench.scale.events_single if form is SINGLE else bench.scale.events_100
        return play(bench, deal(bench, events, form.batch), Pace(form.connections)).rate
    return median(values)


def _measure(bench: Bench, form: Form, events: int) -> None:
    # Code that runs for the first time, keys that are new to the door, a first file: none of it is speed.
    play(bench, deal(bench, max(events // 20, form.batch), form.batch), Pace(form.connections))
    for turn in range(bench.scale.repeat):
        run = play(bench, deal(bench, events, form.batch), Pace(form.connections))
        _take(bench, form, run)
        bench.stage.say(f"http-{form.name} {turn + 1}/{bench.scale.repeat}: {run.rate:,.0f} events/s")


def _take(bench: Bench, form: Form, run: Run) -> None:
    figures = bench.figures
    figures.add(f"http-{form.name}", run.rate)
    if form.name in _WITH_STORED:
        figures.add(f"http-{form.name}-stored", run.stored_rate)
    figures.add(f"ingest-cpu-{form.name}", run.cpu_us["ingest"])
    figures.spent(f"http-{form.name}", run.cpu_us)
    figures.stolen(f"http-{form.name}", run.stolen_percent)
