"""Is this process alive, and can it do its work? The rules; `runtime.health_server` answers with them.

Ready: every named need is met. Alive: unless everything we depend on answers, work waits, and
nothing has moved for a minute. A process that waits for Kafka is alive: killing it helps nobody.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

#: How long work may wait without anything moving.
STUCK_SECONDS: Final = 60.0

#: Says what is missing, or None; must not block.
Need = Callable[[], str | None]


class Verdict(NamedTuple):
    """Good or not, and every reason why not."""

    good: bool
    reasons: dict[str, str]


class Progress:
    """Watches one worker from outside: work that waits while the position stands still is a stuck worker."""

    def __init__(self, position: Callable[[], int], lag: Callable[[], int]) -> None:
        self._position = position
        self._lag = lag
        self._seen: int | None = None
        self._since: float | None = None

    def stuck_for(self, now: float, *, excused: bool) -> float:
        """Return for how many seconds work has been seen to wait with nothing moving and no excuse."""
        position = self._position()
        stands = position == self._seen and self._lag() > 0 and not excused
        self._seen = position
        if not stands:
            self._since = None
            return 0.0
        if self._since is None:
            self._since = now
        return now - self._since


class Health:
    """The needs and the workers of one process. Workers may be added at any time, from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._needs: dict[str, Need] = {}
        self._dependencies: set[str] = set()
        self._workers: dict[str, Progress] = {}

    def need(self, name: str, need: Need, *, dependency: bool = False) -> None:
        """Be ready only while *need* returns None. *dependency*: something outside that may be away."""
        with self._lock:
            self._needs[name] = need
            if dependency:
                self._dependencies.add(name)

    def watch(self, name: str, position: Callable[[], int], lag: Callable[[], int]) -> None:
        """Be alive only while *position* moves or *lag* is 0; both must not block."""
        with self._lock:
            self._workers[name] = Progress(position, lag)

    def readiness(self) -> Verdict:
        """Say what is missing for the work."""
        missing = self._missing()
        return Verdict(not missing, missing)

    def liveness(self) -> Verdict:
        """Say which workers are stuck; the minute begins anew when a dependency has been away."""
        now = self._clock()
        excused = bool(self._dependencies & self._missing().keys())
        with self._lock:
            waits = {name: worker.stuck_for(now, excused=excused) for name, worker in self._workers.items()}
        stuck = {
            name: f"work waits and nothing has moved for {seconds:.0f} s"
            for name, seconds in waits.items()
            if seconds >= STUCK_SECONDS
        }
        return Verdict(not stuck, stuck)

    def _missing(self) -> dict[str, str]:
        with self._lock:
            needs = dict(self._needs)
        return {name: why for name, need in needs.items() if (why := need()) is not None}
