"""What this run of the ingress rejected, as absolute numbers by tenant, code and hour."""

from schemas.door_tally import TallyKey
from schemas.instant import HOUR_MS


class Tallies:
    """Counts, and remembers which counters have moved since they were last taken."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._counters: dict[TallyKey, int] = {}
        self._moved: set[TallyKey] = set()

    def add(self, tenant: str, code: str, events: int, now_ms: int) -> None:
        """Count *events* rejected events."""
        key = TallyKey(self._run, tenant, code, now_ms - now_ms % HOUR_MS)
        self._counters[key] = self._counters.get(key, 0) + events
        self._moved.add(key)

    def take(self, now_ms: int) -> dict[TallyKey, int]:
        """Return the counters that have moved, and forget those of hours long gone."""
        taken = {key: self._counters[key] for key in self._moved}
        self._moved.clear()
        for key in [key for key in self._counters if key.hour_ms + 2 * HOUR_MS < now_ms and key not in taken]:
            del self._counters[key]
        return taken

    def put_back(self, key: TallyKey) -> None:
        """Take *key* again next time: it was not published."""
        if key in self._counters:
            self._moved.add(key)
