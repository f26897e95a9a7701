"""A bucket that fills up steadily: the arithmetic of GCRA, in whole numbers."""

from typing import Final

SECOND_NS: Final = 1_000_000_000


class Gcra:
    """Units that come back at *per_second*, up to *burst* of them.

    Times are nanoseconds of a clock that never goes back.
    """

    __slots__ = ("_burst", "_empty_at", "_per_second")

    def __init__(self, per_second: int, burst: int) -> None:
        """Begin full."""
        #: When all that was taken has come back, in ns times the rate: no rate divides a second unevenly.
        self._empty_at = 0
        self._set(per_second, burst)

    @property
    def capacity(self) -> int:
        """Return the most that it ever holds."""
        return self._burst // SECOND_NS

    def used(self, now_ns: int) -> int:
        """Return how many units have not come back, a part of one as one."""
        return -(-max(self._empty_at - now_ns * self._per_second, 0) // SECOND_NS)

    def wait_ns(self, now_ns: int, units: int = 1) -> int:
        """Return how long it takes until there are *units* in it, no more than its capacity; 0: they are."""
        missing = self._empty_at - now_ns * self._per_second - self._burst + units * SECOND_NS
        return -(-missing // self._per_second) if missing > 0 else 0

    def owes(self, now_ns: int) -> bool:
        """Say whether more was taken than was in it."""
        return self._empty_at - now_ns * self._per_second > self._burst

    def take(self, units: int, now_ns: int) -> None:
        """Take *units*, be they there or not."""
        now = now_ns * self._per_second
        if now > self._empty_at:  # noqa: PLR1730 -- a call to max() is a tenth of the whole cost
            self._empty_at = now
        self._empty_at += units * SECOND_NS

    def change(self, per_second: int, burst: int, now_ns: int) -> None:
        """Go on with another rate and *burst*; what is owed beyond the new burst is forgiven."""
        taken = max(self._empty_at - now_ns * self._per_second, 0)
        self._set(per_second, burst)
        self._empty_at = now_ns * self._per_second + min(taken, self._burst)

    def _set(self, per_second: int, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst * SECOND_NS
