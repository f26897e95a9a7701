"""From a receipt until PostgreSQL holds what it speaks of, at 2,000 events a second."""

import threading
import time
from contextlib import closing
from typing import Final

from console.bench.bench import Bench
from console.bench.core.log_places import Seen, delays
from console.bench.core.spread import percentile
from console.bench.load import Pace
from console.bench.receipts import places
from console.bench.run_of_load import deal, play
from console.bench.stored import Where, reached
from runtime.postgres import connect
from runtime.settings import Settings

RATE: Final = 2_000
#: 200 requests a second.
_BATCH: Final = 10
_CONNECTIONS: Final = 32
_POLL_SECONDS: Final = 0.004
_MS: Final = 1_000


def measure_committed(bench: Bench) -> None:
    """Measure p50 and p99 over all events of each run."""
    for _ in range(bench.scale.repeat):
        events = int(RATE * bench.scale.latency_seconds)
        batches = deal(bench, events, _BATCH)
        watcher = Watcher(bench.stage.settings, "stored")
        watcher.start()
        try:
            run = play(bench, batches, Pace(_CONNECTIONS, RATE))
        finally:
            watcher.stop()
        found = delays(places(run.sent.attempts), watcher.seen)
        p50, p99 = _MS * percentile(found, 50), _MS * percentile(found, 99)
        bench.figures.add("stored-p50", p50)
        bench.figures.add("stored-p99", p99)
        bench.stage.say(f"accepted to committed: p50 {p50:.0f} ms, p99 {p99:.0f} ms of {len(found)} events")


class Watcher:
    """Asks PostgreSQL every few milliseconds how far it is, from a thread of its own."""

    def __init__(self, settings: Settings, where: Where) -> None:
        self._settings = settings
        self._where = where
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)
        self.seen: list[Seen] = []

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Stop asking; `seen` is whole."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        last: dict[int, int] = {}
        with closing(connect(self._settings, "bench-progress", autocommit=True)) as connection:
            while not self._stop.wait(_POLL_SECONDS):
                there = reached(connection, self._where)
                at = time.monotonic()
                self.seen += [Seen(p, offset, at) for p, offset in there.items() if last.get(p) != offset]
                last = there
