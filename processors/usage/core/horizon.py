"""Which source offset the dedupe horizon begins at, for a record of a given time."""

from bisect import bisect_left

from schemas.horizon import oldest_kept_hour_ms
from schemas.instant import HOUR_MS


class Horizon:
    """The first source offset of every hour of record time; the same after any restart."""

    def __init__(self, horizon_ms: int) -> None:
        """Start knowing of no record."""
        self.horizon_ms = horizon_ms
        self._hours: list[int] = []
        self._first_offsets: list[int] = []

    def observe(self, offset: int, recorded_at_ms: int) -> None:
        """Take note of a record; the broker's clock may step back, hours never do."""
        hour_ms = recorded_at_ms - recorded_at_ms % HOUR_MS
        if not self._hours or hour_ms > self._hours[-1]:
            self._hours.append(hour_ms)
            self._first_offsets.append(offset)

    def kept_since(self, recorded_at_ms: int) -> int:
        """Return the first offset that a record of *recorded_at_ms* is compared with."""
        at = bisect_left(self._hours, oldest_kept_hour_ms(recorded_at_ms, self.horizon_ms))
        if at == 0:
            return 0
        if at == len(self._hours):
            return self._first_offsets[-1] + 1 if self._first_offsets else 0
        return self._first_offsets[at]

    def hours(self) -> list[tuple[int, int]]:
        """Return (hour, first offset), oldest first, to be kept on disk."""
        return list(zip(self._hours, self._first_offsets, strict=True))
