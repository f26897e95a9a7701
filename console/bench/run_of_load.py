"""One run over HTTP from the first request until everything is stored, with what each process spent."""

import os
import time
from typing import Final, NamedTuple

from console.bench.bench import Bench
from console.bench.load import Door, Pace, Sent, send
from console.bench.receipts import write_truth
from console.bench.stored import Arrived, wait_for_all
from console.bench.usage_of import cpu_seconds, stolen_seconds
from console.generator.deck import Batch, Deck
from console.generator.mix import Mix

#: Of all tenants together.
CUSTOMERS: Final = 1_000
#: The generator is this process.
GENERATOR: Final = "generator"


class Run(NamedTuple):
    """What one run gave."""

    sent: Sent
    arrived: Arrived
    #: CPU microseconds of each process, per event.
    cpu_us: dict[str, float]
    #: Of the machine's CPU time, what its host gave to others, in percent.
    stolen_percent: float

    @property
    def rate(self) -> float:
        """Events a second, from the first request until all is in PostgreSQL and in the archive."""
        return self.sent.events / (max(self.arrived) - self.sent.begun_at)

    @property
    def stored_rate(self) -> float:
        """Events a second, from the first request until all is in PostgreSQL."""
        return self.sent.events / (self.arrived.stored_at - self.sent.begun_at)


def deal(bench: Bench, events: int, batch: int) -> list[Batch]:
    """Return the batches of one run; its ids and customers are nobody else's."""
    mix = Mix(
        events=events,
        seed=bench.stage.next_seed(),
        customers=CUSTOMERS,
        batch=batch,
        until_ms=time.time_ns() // 1_000_000,
        conflicts=0.0,  # such a copy has to wait for the answer to its original
    )
    return list(Deck(mix, [account.tenant for account in bench.stage.accounts]).deal())


def play(bench: Bench, batches: list[Batch], pace: Pace) -> Run:
    """Send *batches*, wait until all of it is stored, and check that nothing is lost or double."""
    stage = bench.stage
    pids = stage.pids()
    before, stolen, begun_at = cpu_seconds(pids), stolen_seconds(), time.monotonic()
    sent = send(Door(stage.settings.host, stage.settings.ingest_port, stage.accounts), batches, pace)
    arrived = wait_for_all(stage.settings)
    spent = {name: seconds - before[name] for name, seconds in cpu_seconds(pids).items()}
    cpu_time = (time.monotonic() - begun_at) * (os.cpu_count() or 1)
    stolen_percent = 100 * (stolen_seconds() - stolen) / cpu_time
    truth = stage.folder / "truth.ndjson"
    write_truth(truth, sent.attempts)
    bench.proof.check(truth)
    spent[GENERATOR] = sent.cpu_seconds
    cpu_us = {name: 1e6 * seconds / sent.events for name, seconds in spent.items()}
    return Run(sent, arrived, cpu_us, stolen_percent)
