"""Which process spends the most under load, and on what: the next bottleneck."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from console.bench.bench import Bench
from console.bench.core.stacks import hottest, own_time
from console.bench.load import Pace
from console.bench.run_of_load import GENERATOR, Run, deal, play
from console.bench.throughput import HUNDRED

#: The Python processes of ours; the servers are no subject of a Python profile.
_OURS: Final = ("ingest", "processors-1", "sinks")
_SECONDS: Final = 3
_RATE: Final = 200
_MOST: Final = 12


def measure_profile(bench: Bench) -> None:
    """Note the CPU of all processes in batches of 100, and the hottest functions of each of ours."""
    spy = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if spy is None:
        bench.stage.say("no profile: py-spy is not installed")
        return
    events = bench.scale.events_100
    run = play(bench, deal(bench, events, HUNDRED.batch), Pace(HUNDRED.connections))
    batches = deal(bench, events, HUNDRED.batch)
    pids = bench.stage.pids()
    stacks = {name: bench.stage.folder / f"{name}.stacks" for name in _OURS}
    with ThreadPoolExecutor(len(_OURS)) as pool:
        spying = [pool.submit(_record, spy, pids[name], path) for name, path in stacks.items()]
        play(bench, batches, Pace(HUNDRED.connections))
        for each in spying:
            each.result()
    for name, path in stacks.items():
        if path.exists():
            top = hottest(own_time(path.read_text().splitlines()), _MOST)
            bench.figures.note("profile", name, [f"{hot.percent:4.1f} % {hot.function}" for hot in top])
    verdict = _verdict(run)
    bench.figures.note("profile", "bottleneck", verdict)
    bench.stage.say(verdict)


def _record(spy: str, pid: int, path: Path) -> None:
    words = [spy, "record", "--pid", str(pid), "--duration", str(_SECONDS), "--rate", str(_RATE)]
    words += ["--format", "raw", "--output", str(path), "--nonblocking"]
    subprocess.run(words, check=False, capture_output=True)


def _verdict(run: Run) -> str:
    ranked = sorted(run.cpu_us.items(), key=lambda item: -item[1])
    listed = ", ".join(f"{name} {cpu_us:.1f}" for name, cpu_us in ranked)
    busiest = next(name for name, _ in ranked if name != GENERATOR)
    return f"batches of 100 spend, in µs of CPU an event: {listed}; next bottleneck: {busiest}"
