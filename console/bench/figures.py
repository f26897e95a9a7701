"""What has been measured so far."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from console.bench.core.rows import BY_NAME


class Figures:
    """Values by row, one for each repetition, and what is worth noting beside them."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = defaultdict(list)
        #: Anything that msgspec encodes: CPU by process, the profile, the baselines.
        self.notes: dict[str, Any] = {}

    def add(self, row: str, value: float) -> None:
        """Add a repetition's *value* to the row of that name. Raises KeyError for an unknown one."""
        self.values[BY_NAME[row].name].append(value)

    def spent(self, run: str, cpu_us: Mapping[str, float]) -> None:
        """Keep what a repetition of *run* cost each process, in microseconds of CPU an event."""
        costs = self.notes.setdefault("cpu_us_per_event", {}).setdefault(run, {})
        for name, value in cpu_us.items():
            costs.setdefault(name, []).append(round(value, 3))

    def stolen(self, run: str, percent: float) -> None:
        """Keep how much of the machine's CPU time its host took away during a repetition of *run*."""
        self.notes.setdefault("stolen_percent", {}).setdefault(run, []).append(round(percent, 1))

    def note(self, topic: str, name: str, value: object) -> None:
        """Keep *value* under *topic* and *name*."""
        self.notes.setdefault(topic, {})[name] = value
