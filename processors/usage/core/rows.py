"""Live rows: absolute state of one key, as it is counted up and as it is written down."""

from typing import Self

from schemas import rollup
from schemas.partial import Partial
from schemas.stamp import NEVER


class UsageRow:
    """Aggregates of one (series, meter, window, arrival day). Values are state integers."""

    __slots__ = (
        "dirty",
        "events",
        "first",
        "first_ms",
        "high",
        "key",
        "latest",
        "latest_ms",
        "low",
        "stamp",
        "total",
    )

    def __init__(self, key: bytes) -> None:
        """Start empty; *key* is the encoded rollup key."""
        self.key = key
        self.dirty = False
        self.stamp = NEVER
        self.events = 0
        self.total = self.low = self.high = self.first = self.latest = 0
        self.first_ms = self.latest_ms = 0

    def add(self, at_ms: int, value: int) -> None:
        """Count one event of *value* at *at_ms*; of two at one millisecond the log's order decides."""
        if self.events == 0:
            self.low = self.high = self.first = self.latest = value
            self.first_ms = self.latest_ms = at_ms
        else:
            if value < self.low:
                self.low = value
            elif value > self.high:
                self.high = value
            if at_ms >= self.latest_ms:
                self.latest_ms = at_ms
                self.latest = value
            elif at_ms < self.first_ms:
                self.first_ms = at_ms
                self.first = value
        self.events += 1
        self.total += value

    def stand_in(self) -> Self:
        """Return a row of the same key that nobody will read."""
        return type(self)(self.key)

    def restore(self, saved: rollup.UsageRow) -> None:
        """Become what was written down."""
        self.become(saved.partial)
        self.stamp = saved.stamp

    def become(self, partial: Partial) -> None:
        """Take the place of *partial*."""
        self.events, self.total = partial.events, partial.sum
        self.low, self.high = partial.min, partial.max
        self.first_ms, self.first = partial.first_ms, partial.first
        self.latest_ms, self.latest = partial.latest_ms, partial.latest

    def partial(self) -> Partial:
        """Return the aggregates so far."""
        return Partial(
            self.events,
            self.total,
            self.low,
            self.high,
            self.first_ms,
            self.first,
            self.latest_ms,
            self.latest,
        )

    def encode(self) -> bytes:
        """Return the record's value, a schemas.rollup.UsageRow."""
        return rollup.encode((self.partial(), self.stamp))


class FatesRow:
    """Counts of fates of one (tenant, event type, hour, arrival day) in one partition."""

    __slots__ = (
        "conflict",
        "counted",
        "dirty",
        "duplicate",
        "in_grace",
        "key",
        "late",
        "refused",
        "stamp",
        "unmatched",
    )

    def __init__(self, key: bytes) -> None:
        """Start empty; *key* is the encoded rollup key."""
        self.key = key
        self.dirty = False
        self.stamp = NEVER
        self.counted = self.in_grace = self.late = 0
        self.duplicate = self.conflict = self.unmatched = self.refused = 0

    def stand_in(self) -> Self:
        """Return a row of the same key that nobody will read."""
        return type(self)(self.key)

    def restore(self, saved: rollup.FatesRow) -> None:
        """Become what was written down."""
        self.counted, self.in_grace, self.late = saved.counted, saved.in_grace, saved.late
        self.duplicate, self.conflict = saved.duplicate, saved.conflict
        self.unmatched, self.refused = saved.unmatched, saved.refused
        self.stamp = saved.stamp

    def encode(self) -> bytes:
        """Return the record's value, a schemas.rollup.FatesRow."""
        return rollup.encode(
            (
                self.counted,
                self.in_grace,
                self.late,
                self.duplicate,
                self.conflict,
                self.unmatched,
                self.refused,
                self.stamp,
            )
        )


LiveRow = UsageRow | FatesRow
