"""Peak memory of the processes so far."""

from typing import Final

from console.bench.bench import Bench
from console.bench.usage_of import peak_megabytes

_WHO: Final = {
    "memory-ingest": "ingest",
    "memory-processor": "processors-1",
    "memory-sinks": "sinks",
}


def measure_memory(bench: Bench) -> None:
    """Measure what the load so far has cost; it is made after that, and before anything is killed."""
    pids = bench.stage.pids()
    for row, name in _WHO.items():
        bench.figures.add(row, peak_megabytes(pids[name]))
