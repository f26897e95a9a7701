"""A window that slides: in no span of its length more than its capacity, whenever the span begins.

Takes are kept one by one, but those within a hundredth of the window as one, which comes back with the last
of them. So what was taken comes back when its span is over or up to 1 % of it later, never earlier, and no
window ever keeps more than 102 entries.
"""

from array import array
from typing import Final

#: The steps of a window: takes within one are kept as one.
STEPS: Final = 100


class SlidingWindow:
    """Units taken within a span. Times are nanoseconds of a clock that never goes back."""

    __slots__ = ("_began_ns", "_span_ns", "_times", "_units", "_used", "capacity")

    def __init__(self, span_ns: int, capacity: int) -> None:
        """Begin with nothing taken."""
        #: The most that is taken in any span; it may change at any time.
        self.capacity = capacity
        self._span_ns = span_ns
        #: Of each entry its last take, and all of its units; the oldest first. 16 bytes an entry.
        self._times = array("q")
        self._units = array("q")
        #: The first take of the newest entry.
        self._began_ns = 0
        self._used = 0

    @property
    def entries(self) -> int:
        """Return how many entries are kept."""
        return len(self._times)

    def used(self, now_ns: int) -> int:
        """Return the units that have not come back."""
        over = 0
        for taken_ns in self._times:
            if now_ns - taken_ns < self._span_ns:
                break
            self._used -= self._units[over]
            over += 1
        if over:
            del self._times[:over], self._units[:over]
        return self._used

    def wait_ns(self, now_ns: int, units: int) -> int:
        """Return how long it takes until *units* fit; 0: they do. They must fit an empty window."""
        missing = self.used(now_ns) + units - self.capacity
        wait_ns = 0
        for taken_ns, come_back in zip(self._times, self._units, strict=True):
            if missing <= 0:
                break
            missing -= come_back
            wait_ns = taken_ns + self._span_ns - now_ns
        return wait_ns

    def take(self, units: int, now_ns: int) -> None:
        """Take *units*, which fit."""
        if self._times and (now_ns - self._began_ns) * STEPS <= self._span_ns:
            self._times[-1] = now_ns
            self._units[-1] += units
        else:
            self._times.append(now_ns)
            self._units.append(units)
            self._began_ns = now_ns
        self._used += units
