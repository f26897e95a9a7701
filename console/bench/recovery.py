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
from console.generator.sender import Pace
from console.generator.traffic import Traffic

#: The rows, and whom they kill.
_KILLS: Final = {"kill-processor": "processors-1", "kill-sink": "sinks", "kill-ingest": "ingest"}
_RATE: Final = 1_000
_BATCH: Final = 10
_CONNECTIONS: Final = 8
#: Sent around each kill; enough that something comes in behind it.
_EVENTS: Final = 5_000
#: Of these a part is answered before the kill.
_BEFORE: Final = 1_000
_POLL_SECONDS: Final = 0.01


def measure_recovery(bench: Bench) -> None:
    """Kill each process several times, with events coming in before and behind."""
    for _ in range(bench.scale.kills):
        for row, name in _KILLS.items():
            seconds = _kill(bench, name)
            bench.figures.add(row, seconds)
            bench.stage.say(f"killed {name}: goes on after {seconds:.2f} s")


def _kill(bench: Bench, name: str) -> float:
    stage, traffic = bench.stage, Traffic()
    stage.heal()
    mix = Mix(
        events=_EVENTS,
        seed=stage.next_seed(),
        customers=CUSTOMERS,
        batch=_BATCH,
        until_ms=time.time_ns() // 1_000_000,
    )
    truth = stage.folder / "truth.ndjson"
    url = f"http://{stage.settings.host}:{stage.settings.ingest_port}"
    nemesis = Nemesis(stage.folder, stage.settings, traffic)
    with ThreadPoolExecutor(1, "generator") as pool:
        sending = pool.submit(
            play, mix, stage.accounts, url, truth, Pace(_CONNECTIONS, _RATE), traffic=traffic
        )
        while traffic.events < _BEFORE and not sending.done():
            time.sleep(_POLL_SECONDS)
        kill = nemesis.kill(name)
        sending.result()
    wait_for_all(stage.settings)
    bench.proof.check(truth)
    return kill.recovery_seconds
