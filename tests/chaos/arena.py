"""The whole stack under load, with handles for what may happen to it, and a checker that is told nothing.

The checker knows the generator's truth file and PostgreSQL: which ids had a 2xx, and what is stored.
"""

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from confluent_kafka import Producer

from console.books.core.entries import Span
from console.books.reconcile import reconcile_usage
from console.cli.place import find_settings
from console.generator.keys import Account, open_accounts
from console.generator.mix import Mix
from console.generator.quiet import wait_until_stored
from console.generator.run import play
from console.generator.sender import Pace
from console.generator.traffic import Traffic
from console.generator.truth import check_truth
from deploy.local import stack
from deploy.local.ports import free_base
from runtime.kafka import producer_config
from runtime.settings import Settings
from schemas.instant import DAY_MS
from schemas.topics import USAGE, topic_name
from tests.chaos.quotas import quota_faults

#: The least that the broker takes.
SESSION_SECONDS = 6.0
CATALOG = Path(__file__).with_name("catalog.yaml")
_TENANTS = ("north", "south")
_CONNECTIONS = 4
_RATE = 3_000.0
_BATCH = 50
_QUIET_SECONDS = 240.0
_BACK_SECONDS = 120.0


def tell(text: str) -> None:
    """Say something that pytest does not swallow: a failing run has to be repeatable."""
    print(f"chaos: {text}", file=sys.__stderr__, flush=True)


class Arena:
    """A running stack in a folder of its own."""

    def __init__(self, folder: Path, settings: Settings, accounts: list[Account]) -> None:
        self.folder = folder
        self.settings = settings
        self.kills = 0
        self._accounts = accounts
        self._runs = 0

    @contextmanager
    def load(self, seed: int, events: int = 20_000, **changed: float) -> Iterator[Traffic]:
        """Send *events* while the block runs and beyond; then wait, and check every promise.

        Raises AssertionError with what is lost, double or out of balance.
        """
        self._runs += 1
        truth = self.folder / f"truth-{self._runs}.ndjson"
        mix = Mix(
            events=events,
            seed=seed * 1_000 + self._runs,
            batch=_BATCH,
            until_ms=time.time_ns() // 1_000_000,
            span_ms=DAY_MS,
            duplicates=0.04,
            conflicts=changed.get("conflicts", 0.002),
        )
        traffic = Traffic()
        url = f"http://{self.settings.host}:{self.settings.ingest_port}"
        pace = Pace(_CONNECTIONS, _RATE)
        with ThreadPoolExecutor(1, "generator") as pool:
            sending = pool.submit(play, mix, self._accounts, url, truth, pace, traffic=traffic)
            try:
                self.wait(lambda: traffic.events >= events // 10 or sending.done())
                yield traffic
            finally:
                self.heal()
            sending.result()
        self.check(truth)

    def check(self, truth: Path) -> None:
        """Hold everything stored against *truth*, and the log against the store."""
        wait_until_stored(self.settings, _QUIET_SECONDS)
        verdict = check_truth(self.settings, truth)
        assert verdict.good, verdict
        assert verdict.acknowledged > 0
        sheet = reconcile_usage(self.settings, Span())
        assert sheet.gap == 0, sheet
        faults = quota_faults(self.settings, time.time_ns() // 1_000_000)
        assert not faults, faults[:10]

    def kill(self, name: str) -> None:
        """SIGKILL a process or server, and wait until its supervisor has it back at work."""
        # It may be about to be started anew: a processor that was fenced off ends by itself.
        self.wait(lambda: self.runs(name))
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        self.kills += 1
        self.wait(lambda: self.runs(name) and self.pid(name) != pid)

    @contextmanager
    def frozen(self, name: str) -> Iterator[int]:
        """SIGSTOP a process for as long as the block; it wakes up as if nothing had been."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield pid
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def heal(self) -> None:
        """Wait until everything runs."""
        self.wait(lambda: all(p.state == "running" for p in stack.status(self.folder).processes))

    def pid(self, name: str) -> int:
        """Return the pid of a process that runs."""
        for process in stack.status(self.folder).processes:
            if process.name == name and process.pid is not None:
                return process.pid
        raise LookupError(name)

    def runs(self, name: str) -> bool:
        """Say whether the process *name* is at work."""
        return any(p.name == name and p.state == "running" for p in stack.status(self.folder).processes)

    def wait(self, until: Callable[[], bool], seconds: float = _BACK_SECONDS) -> None:
        """Wait for something that has to happen. Raises TimeoutError with what runs."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(LookupError):
                if until():
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(
                    [(p.name, p.state, p.restarts) for p in stack.status(self.folder).processes]
                )
            time.sleep(0.1)

    def forget_files(self) -> None:
        """Delete what the processors keep on disk: a cache of the log, and nothing else."""
        shutil.rmtree(self.folder / "processors", ignore_errors=True)

    def append_raw(self, value: bytes, draw: random.Random) -> None:
        """Put bytes on a partition of weir.usage, past the door."""
        producer = Producer(producer_config(self.settings, "poison"))
        topic = topic_name(self.settings.topic_prefix, USAGE)
        producer.produce(topic, value, partition=draw.randrange(self.settings.partitions))
        assert not producer.flush(30)


@contextmanager
def arena_in(folder: Path, workers: int = 2) -> Iterator[Arena]:
    """Start the stack in *folder* with short sessions, and stop it after the block."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")} | {
        "WEIR_SESSION_TIMEOUT_MS": str(int(SESSION_SECONDS * 1000)),
        "WEIR_ARCHIVE_INTERVAL_MS": "2000",
        "WEIR_CANARY_SECONDS": "0",
    }
    stack.up(
        folder,
        port_base=free_base(),
        workers=workers,
        catalog=CATALOG,
        detach=True,
        environ=environ,
    )
    try:
        settings = find_settings(folder)
        yield Arena(folder, settings, open_accounts(settings, _TENANTS))
    finally:
        stack.down(folder)
