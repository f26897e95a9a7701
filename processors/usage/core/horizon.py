"""Which source offset the dedupe horizon begins at, for a record of a given time."""

from bisect import bisect_left
from typing import Final

from schemas.horizon import oldest_kept_hour_ms
from schemas.instant import HOUR_MS

#: Beyond every source offset.
_NOTHING_KEPT: Final = 1 << 62


class Horizon:
    """The first source offset of every hour of record time; the same after any restart."""

    def __init__(self, horizon_ms: int) -> None:
        """Start knowing of no record."""
        self.horizon_ms = horizon_ms
        self._hours: list[int] = []
        self._first_offsets: list[int] = []

    def observe(self, offset: int, recorded_at_ms: int) -> bool:
        """Take note of a record; say whether it opens an hour.

        The broker's clock may step back, hours never do.
        """
        hour_ms = recorded_at_ms - recorded_at_ms % HOUR_MS
        if self._hours and hour_ms <= self._hours[-1]:
            return False
        self._hours.append(hour_ms)
        self._first_offsets.append(offset)
        return True

    def kept_since(self, recorded_at_ms: int) -> int:
        """Return the first offset that a record of *recorded_at_ms* is compared with."""
        at = bisect_left(self._hours, oldest_kept_hour_ms(recorded_at_ms, self.horizon_ms))
        if at == 0:
            return 0
        return self._first_offsets[at] if at < len(self._hours) else _NOTHING_KEPT

    def hours(self) -> list[tuple[int, int]]:
        """Return (hour, first offset), oldest first, to be kept on disk."""
        return list(zip(self._hours, self._first_offsets, strict=True))
