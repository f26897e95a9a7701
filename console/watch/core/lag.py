"""How far a consumer group is behind, and how long until retention overtakes it."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from schemas.instant import SECOND_MS


class Reading(NamedTuple):
    """One partition of one group, at one moment."""

    group: str
    topic: str
    partition: int
    #: Oldest offset that the log still has, and the one that its next record gets.
    begin: int
    end: int
    #: Next offset that the group reads; None if it has never said so.
    committed: int | None

    @property
    def position(self) -> int:
        """Where the group goes on; one that never committed begins at the beginning."""
        return self.begin if self.committed is None else self.committed

    @property
    def lag(self) -> int:
        """Number of offsets before it."""
        return max(self.end - self.position, 0)

    @property
    def oldest_unread(self) -> int | None:
        """Offset of the oldest record that it has not read and still can read; None if there is none."""
        oldest = max(self.position, self.begin)
        return oldest if oldest < self.end else None


def lag_seconds(record_ms: int | None, now_ms: int) -> float:
    """Return the age of the oldest unread record, appended at *record_ms*; 0 if there is none."""
    return 0.0 if record_ms is None else max(now_ms - record_ms, 0) / SECOND_MS


def seconds_to_loss(reading: Reading, record_ms: int | None, retention_ms: int | None, now_ms: int) -> float:
    """Return how long until retention may delete what the group has not read; 0 if it has happened.

    A group without unread records has as long as a record that is written now.
    """
    if retention_ms is None:
        return math.inf
    if reading.position < reading.begin:
        return 0.0
    left_ms = retention_ms if record_ms is None else record_ms + retention_ms - now_ms
    return max(left_ms, 0) / SECOND_MS


def least_by_topic(
    values: Iterable[tuple[Reading, float]],
) -> dict[tuple[str, str], float]:
    """Return the least value of each (group, topic)."""
    least: dict[tuple[str, str], float] = {}
    for reading, value in values:
        key = (reading.group, reading.topic)
        least[key] = min(value, least.get(key, math.inf))
    return least
