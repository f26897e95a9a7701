"""Kafka to PostgreSQL: packs wait on the log, then processor and sinks are let loose."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from console.bench.bench import Bench
from console.bench.packs import pack_up, publish, write_accepted
from console.bench.run_of_load import deal
from console.bench.stored import wait_for_all
from console.bench.usage_of import cpu_seconds

#: What there is between the log and the store.
FROZEN: Final = ("processors-1", "sinks")
_BATCH: Final = 100


def measure_log_to_store(bench: Bench) -> None:
    """Measure events a second from the moment at which processor and sinks wake until all is stored.

    They sleep (SIGSTOP) for the second or two in which the packs are written, which is shorter than
    their sessions: they wake up as members of their groups.
    """
    stage = bench.stage
    for turn in range(bench.scale.repeat):
        batches = deal(bench, bench.scale.events_log, _BATCH)
        packs = pack_up(batches, stage.accounts, stage.settings.partitions, time.time_ns() // 1_000_000)
        pids = stage.pids()
        with frozen([pids[name] for name in FROZEN]):
            publish(stage.settings, packs)
        before, woken_at = cpu_seconds(pids), time.monotonic()
        arrived = wait_for_all(stage.settings)
        spent = {name: seconds - before[name] for name, seconds in cpu_seconds(pids).items()}
        events = sum(len(batch.events) for batch in batches)
        rate = events / (arrived.stored_at - woken_at)
        bench.figures.add("log-to-store", rate)
        bench.figures.spent("log-to-store", {name: 1e6 * used / events for name, used in spent.items()})
        archived = events / (max(arrived) - woken_at)
        stage.say(f"log-to-store {turn + 1}: {rate:,.0f} events/s, with the archive {archived:,.0f}")
        truth = stage.folder / "truth.ndjson"
        write_accepted(truth, batches)
        bench.proof.check(truth)


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """Let *pids* sleep for the block."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
