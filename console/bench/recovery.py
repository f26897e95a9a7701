"""SIGKILLs processes under load and takes the time until their work goes on."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from console.bench.bench import Bench
from console.bench.run_of_load import CUSTOMERS
from console.bench.stored import wait_for_all
from console.demo.kills import Nemesis
from console.generator.mix import Mix
from console.generator.run import play
from console.generator.sender import Pace, Sluice
from console.generator.traffic import Traffic

#: The rows, and whom they kill.
_KILLS: Final = {"kill-processor": "processors-1", "kill-sink": "sinks", "kill-ingest": "ingest"}
_RATE: Final = 1_000
_BATCH: Final = 10
_CONNECTIONS: Final = 8
#: No event is sent that nobody needs: what lies in the sluice when the kills are over is let through.
_SECONDS_A_KILL: Final = 12


def measure_recovery(bench: Bench) -> None:
    """Kill each process several times, with events coming in all the while."""
    stage = bench.stage
    kills = [each for _ in range(bench.scale.kills) for each in _KILLS.items()]
    mix = Mix(
        events=_RATE * _SECONDS_A_KILL * len(kills),
        seed=stage.next_seed(),
        customers=CUSTOMERS,
        batch=_BATCH,
        until_ms=time.time_ns() // 1_000_000,
    )
    truth, traffic, sluice = stage.folder / "truth.ndjson", Traffic(), Sluice()
    sluice.open_to(mix.events)
    url = f"http://{stage.settings.host}:{stage.settings.ingest_port}"
    pace = Pace(_CONNECTIONS, _RATE, sluice)
    with ThreadPoolExecutor(1, "generator") as pool:
        sending = pool.submit(play, mix, stage.accounts, url, truth, pace, traffic=traffic)
        for row, name in kills:
            stage.heal()
            kill = Nemesis(stage.folder, stage.settings, traffic).kill(name)
            bench.figures.add(row, kill.recovery_seconds)
            stage.say(f"killed {name}: goes on after {kill.recovery_seconds:.2f} s")
        sending.result()
    wait_for_all(stage.settings)
    bench.proof.check(truth)
