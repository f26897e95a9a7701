"""The whole stack under load, with handles for what may happen to it, and a checker that is told nothing.

The checker knows the generator's truth file and PostgreSQL: which ids had a 2xx, and what is stored.
"""

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from console.books.core.entries import Span
from console.books.reconcile import reconcile_usage
from console.cli.place import find_settings
from console.generator.keys import Account, open_accounts
from console.generator.mix import Mix
from console.generator.quiet import wait_until_stored
from console.generator.run import play
from console.generator.sender import Pace, Sluice
from console.generator.traffic import Traffic
from console.generator.truth import check_truth
from console.watch.outbox import pending
from deploy.local import stack
from deploy.local.folder import DataFolder, secret_key
from deploy.local.ports import free_base
from runtime.broker import Broker
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.instant import DAY_MS
from schemas.topics import USAGE, Topic, topic_name
from tests.chaos.quotas import quota_faults
from tests.refusing import refused
from tests.running import Running, start_module

#: The least that the broker takes.
SESSION_SECONDS = 6.0
CATALOG = Path(__file__).with_name("catalog.yaml")
_TENANTS = ("north", "south")
_CONNECTIONS = 4
_RATE = 3_000.0
_BATCH = 50
_QUIET_SECONDS = 240.0
_BACK_SECONDS = 120.0
#: Of each log, and of each line, what a failure shows.
_LAST_LINES = 12
_LINE = 400
#: The workers of the stack that most faults share.
PROCESSORS = ("processors-1", "processors-2")
_SHORT = {
    "WEIR_SESSION_TIMEOUT_MS": str(int(SESSION_SECONDS * 1000)),
    "WEIR_ARCHIVE_INTERVAL_MS": "2000",
    "WEIR_CANARY_SECONDS": "0",
}


def pause(draw: random.Random, most: float = 1.0) -> None:
    """Let a random while pass, so that the next fault falls somewhere else."""
    time.sleep(draw.random() * most)


def tell(text: str) -> None:
    """Say something that pytest does not swallow: a failing run has to be repeatable."""
    print(f"chaos: {text}", file=sys.__stderr__, flush=True)


class Arena:
    """A running stack in a folder of its own."""

    def __init__(self, folder: Path, settings: Settings, accounts: list[Account]) -> None:
        self.folder = folder
        self.settings = settings
        self.kills = 0
        self.accounts = accounts
        #: By partition, the first offset that no processor has read before it knew what holds now.
        self.judged_from: Mapping[int, int] = {}
        self._runs = 0

    @contextmanager
    def load(
        self,
        seed: int,
        events: int = 20_000,
        *,
        conflicts: float = 0.002,
        sluice: Sluice | None = None,
        port: int | None = None,
    ) -> Iterator[Traffic]:
        """Send *events* while the block runs and beyond; then wait, and check every promise.

        They go to the ingress on *port*, by default the stack's own, as far as *sluice* lets them; behind the
        block it is opened.
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
            conflicts=conflicts,
        )
        traffic = Traffic()
        url = f"http://{self.settings.host}:{port or self.settings.ingest_port}"
        pace = Pace(_CONNECTIONS, _RATE, sluice)
        with ThreadPoolExecutor(1, "generator") as pool:
            sending = pool.submit(play, mix, self.accounts, url, truth, pace, traffic=traffic)
            try:
                self.wait(lambda: traffic.events >= events // 10 or sending.done())
                yield traffic
            finally:
                if sluice is not None:
                    sluice.open_to(2 * events)
                self.heal()
            sending.result()
        self.check(truth)

    def check(self, truth: Path) -> None:
        """Hold everything stored against *truth*, and the log against the store."""
        wait_until_stored(self.settings, _QUIET_SECONDS)
        verdict = check_truth(self.settings, truth)
        sheet = reconcile_usage(self.settings, Span())
        # Together: a gap says that it is on the log and was not counted, none that it is not on the log.
        assert verdict.good, (verdict, sheet.gap, [row for row in sheet.rows if row.gap])
        assert verdict.acknowledged > 0
        assert sheet.gap == 0, sheet
        faults = quota_faults(self.settings, time.time_ns() // 1_000_000, self.judged_from)
        assert not faults, faults[:10]

    def kill(self, *names: str, when: Callable[[], object] = lambda: None) -> None:
        """SIGKILL processes or servers at once, and wait until the supervisor has them back at work.

        It happens as soon as *when* has returned; they are known to run before.
        """
        pids = self._at_work(*names)
        when()
        for pid in pids.values():
            with suppress(ProcessLookupError):  # it ended by itself just now
                os.kill(pid, signal.SIGKILL)
        self.kills += len(names)
        self.wait(lambda: all(self.runs(name) and self.pid(name) != pid for name, pid in pids.items()))

    @contextmanager
    def beside(
        self,
        module: str,
        instance: str,
        *,
        port: int = 0,
        clock: Sequence[float] = (),
        checkout: Path | None = None,
    ) -> Iterator[Running]:
        """Run one process more of *module* for as long as the block; a stop, not a kill, ends it.

        *port* is an ingress's own. *clock* and *checkout*: see `start_module`.
        """
        folder = DataFolder(self.folder)
        environ = _SHORT | {
            "WEIR_DATA": str(self.folder),
            "WEIR_KAFKA": self.settings.kafka,
            "WEIR_POSTGRES": self.settings.postgres,
            "WEIR_SECRET_KEY": secret_key(folder),
            "WEIR_INSTANCE": instance,
            "WEIR_INGEST_PORT": str(port or self.settings.ingest_port),
        }
        process = start_module(module, environ=environ, folder=folder.logs, clock=clock, checkout=checkout)
        try:
            process.wait_ready()
            yield process
            process.terminate()  # or it has ended: nobody starts one again that was fenced off
        finally:
            process.kill()

    def settle(self) -> None:
        """Have every processor know all that was decided, and remember where the log ended then."""
        with connect(self.settings, "chaos", autocommit=True) as connection:
            self.wait(lambda: not pending(connection))
        # Whoever starts reads what was decided to its end before its first record.
        self.kill(*(p.name for p in stack.status(self.folder).processes if p.name.startswith("processors")))
        topic = topic_name(self.settings.topic_prefix, USAGE)
        where = [(topic, number) for number in range(self.settings.partitions)]
        ends = Broker.of(self.settings, "chaos").latest(where)
        self.judged_from = {number: ends[topic, number] for _, number in where}

    @contextmanager
    def frozen(self, name: str) -> Iterator[int]:
        """SIGSTOP a process for as long as the block; it wakes up as if nothing had been."""
        pid = self._at_work(name)[name]
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        try:
            yield pid
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _at_work(self, *names: str) -> dict[str, int]:
        """Return the pids of processes, once all of them are at work.

        They may be about to be started anew: a processor that was fenced off ends by itself.
        """
        found: dict[str, int] = {}

        def all_work() -> bool:
            found.clear()
            for process in stack.status(self.folder).processes:
                if process.name in names and process.state == "running" and process.pid is not None:
                    found[process.name] = process.pid
            return len(found) == len(names)

        self.wait(all_work)
        return found

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

    def metrics(self, name: str) -> str:
        """Return the address of the metrics of the process *name*."""
        return next(p.metrics or "" for p in stack.status(self.folder).processes if p.name == name)

    def log(self, name: str) -> str:
        """Return what the process *name* has said."""
        return (DataFolder(self.folder).logs / f"{name}.log").read_text(errors="replace")

    def wait(self, until: Callable[[], bool], seconds: float = _BACK_SECONDS) -> None:
        """Wait for something that has to happen. Raises TimeoutError with what runs and says."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(LookupError):
                if until():
                    return
            if time.monotonic() > deadline:
                raise TimeoutError("\n".join(self._standing()))
            time.sleep(0.1)

    def _standing(self) -> Iterator[str]:
        for process in stack.status(self.folder).processes:
            yield f"{process.name}: {process.state}, {process.restarts} restarts"
            yield from (f"    {line[:_LINE]}" for line in self.log(process.name).splitlines()[-_LAST_LINES:])

    def forget_files(self) -> None:
        """Delete what the processors keep on disk: a cache of the log, and nothing else."""
        shutil.rmtree(self.folder / "processors", ignore_errors=True)

    def refuse(self, topic: Topic, *names: str) -> None:
        """Have the broker refuse every record for *topic* until each of the processes *names* ended of it."""
        before = self._restarts()
        with refused(self.settings, topic):
            self.wait(lambda: all(self._restarts()[name] > before[name] for name in names))

    def _restarts(self) -> dict[str, int]:
        return {process.name: process.restarts for process in stack.status(self.folder).processes}


@contextmanager
def arena_in(folder: Path, workers: int = 2) -> Iterator[Arena]:
    """Start the stack in *folder* with short sessions, and stop it after the block."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")} | _SHORT
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
