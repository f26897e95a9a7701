"""Admission by lag: when the processors are too far behind, more events only make everybody wait longer."""

from collections import deque
from typing import Final

from ingest.core.problem import refuse

#: How far back the rate is looked at with which the backlog is worked off.
_SPAN_SECONDS: Final = 30.0
#: Nobody is asked to wait longer, since it may go faster than it looks; or how long, while nothing moves.
MOST_RETRY_SECONDS: Final = 600
_STANDSTILL_SECONDS: Final = 60


class Backlog:
    """What lies on the log unprocessed, as it was last seen. 0 as the most: whatever it is, it is let be."""

    def __init__(self, most_seconds: int) -> None:
        """Refuse once the processors are more than *most_seconds* behind."""
        self._most_seconds = most_seconds
        #: (when, records applied since ever), oldest first.
        self._seen: deque[tuple[float, int]] = deque()
        self._records = 0
        #: Age of the oldest record that is not processed.
        self.behind_seconds = 0.0

    def saw(self, now: float, behind_seconds: float, records: int, applied: int) -> None:
        """Take note: the oldest of so many *records* is so old, and *applied* are processed since ever."""
        if self._seen and applied < self._seen[-1][1]:
            self._seen.clear()  # another log
        self._seen.append((now, applied))
        while self._seen[0][0] < now - _SPAN_SECONDS:
            self._seen.popleft()
        self._records, self.behind_seconds = records, behind_seconds

    def check(self) -> None:
        """Return if more may come. Raises Refused, with the time after which it should."""
        if not self._most_seconds or self.behind_seconds <= self._most_seconds:
            return
        raise refuse(
            "behind",
            f"the processors are {self.behind_seconds:.0f} s behind, more than {self._most_seconds} s; "
            "repeat the whole request, it is safe",
            retry_after=self.retry_after,
        )

    @property
    def retry_after(self) -> int:
        """Return the seconds until they are near enough, at the pace of the last half minute."""
        if self.behind_seconds <= self._most_seconds:
            return 1
        per_second = self._per_second()
        if per_second <= 0:
            return _STANDSTILL_SECONDS
        excess = self._records * (1 - self._most_seconds / self.behind_seconds)
        return int(min(excess / per_second, MOST_RETRY_SECONDS - 1)) + 1

    def _per_second(self) -> float:
        (first, before), (last, after) = self._seen[0], self._seen[-1]
        return (after - before) / (last - first) if last > first else 0.0
