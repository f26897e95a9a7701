"""The use of one meter by one customer: all limits of its plan let pass, or nothing is taken."""

from enum import Enum
from typing import Final, NamedTuple

from ingest.core.leases import Leases, Total
from ingest.core.sliding import SlidingWindow
from schemas.gcra import SECOND_NS, Gcra
from schemas.quantity import MICRO
from schemas.use_limit import Level, UseLimit, Window

MINUTE_NS: Final = 60 * SECOND_NS


class Kind(Enum):
    """What became of a request."""

    TAKEN = "taken"
    RENEWED = "renewed"
    REFUSED = "refused"
    #: There is no room to remember it; nothing was taken.
    UNKNOWN = "unknown"


class Outcome(NamedTuple):
    """What became of a request, and how far the limits are taken now."""

    kind: Kind
    levels: tuple[Level, ...] = ()
    #: Which limit refused it: the one that takes longest to let it pass.
    refused_by: Level | None = None
    #: Until it would pass, if nobody else takes meanwhile; None: it is more than ever passes.
    wait_ns: int | None = None


class Use:
    """What is taken of every limit. Times are nanoseconds of a clock that never goes back.

    What was taken stays taken when limits change; a limit that is new begins with nothing taken.
    """

    __slots__ = ("_limit", "_rates", "leases")

    def __init__(self, limit: UseLimit, total: Total, now_ns: int) -> None:
        """Begin with nothing taken; *total* counts the leases."""
        self.leases = Leases(total)
        self._limit = UseLimit(meter=limit.meter)
        self._rates: dict[Window, Gcra | SlidingWindow] = {}
        self.follow(limit, now_ns)

    def follow(self, limit: UseLimit, now_ns: int) -> None:
        """Go by *limit* from now on."""
        if limit == self._limit:
            return
        self._limit = limit
        second, minute = self._rates.get(Window.SECOND), self._rates.get(Window.MINUTE)
        self._rates = {}
        if limit.per_second_micro is not None and limit.burst_micro is not None:
            self._rates[Window.SECOND] = _bucket(second, limit.per_second_micro, limit.burst_micro, now_ns)
        elif limit.per_second_micro is not None:
            self._rates[Window.SECOND] = _window(second, SECOND_NS, limit.per_second_micro)
        if limit.per_minute_micro is not None:
            self._rates[Window.MINUTE] = _window(minute, MINUTE_NS, limit.per_minute_micro)

    def take(self, micro: int, now_ns: int) -> Outcome:
        """Take *micro* millionths of every rate, or of none."""
        waits = {window: _wait_ns(rate, micro, now_ns) for window, rate in self._rates.items()}
        refused = {window: wait_ns for window, wait_ns in waits.items() if wait_ns != 0}
        if refused:
            slowest = max(refused, key=lambda window: _order(refused[window]))
            return self._refused(slowest, refused[slowest], now_ns)
        for rate in self._rates.values():
            if micro:
                rate.take(micro, now_ns)
        return Outcome(Kind.TAKEN, self.levels(now_ns))

    def lease(self, name: str, ttl_ns: int, now_ns: int) -> Outcome:
        """Begin a lease, or renew the one of this name: that always passes."""
        known = self.leases.has(name, now_ns)
        most = self._limit.concurrent
        if not known and most is not None and (wait_ns := self.leases.wait_ns(most, now_ns)):
            return self._refused(Window.CONCURRENT, wait_ns, now_ns)
        self.leases.keep(name, ttl_ns, now_ns)
        return Outcome(Kind.RENEWED if known else Kind.TAKEN, self.levels(now_ns))

    def levels(self, now_ns: int) -> tuple[Level, ...]:
        """Return how far each limit is taken."""
        return tuple(self._level(level, now_ns) for level in self._limit.levels())

    def is_idle(self, now_ns: int) -> bool:
        """Say whether nothing is taken, so that nothing is lost if it is forgotten."""
        return not self.leases.open(now_ns) and not any(rate.used(now_ns) for rate in self._rates.values())

    def _level(self, level: Level, now_ns: int) -> Level:
        if level.window is Window.CONCURRENT:
            used_micro, most_micro = self.leases.open(now_ns) * MICRO, level.limit_micro
        else:
            rate = self._rates[level.window]
            used_micro, most_micro = rate.used(now_ns), rate.capacity
        return level._replace(used_micro=used_micro, remaining_micro=max(most_micro - used_micro, 0))

    def _refused(self, window: Window, wait_ns: int | None, now_ns: int) -> Outcome:
        levels = self.levels(now_ns)
        by = next(level for level in levels if level.window is window)
        return Outcome(Kind.REFUSED, levels, by, wait_ns)


def _wait_ns(rate: Gcra | SlidingWindow, micro: int, now_ns: int) -> int | None:
    if not micro:
        return 0
    return None if micro > rate.capacity else rate.wait_ns(now_ns, micro)


def _order(wait_ns: int | None) -> tuple[bool, int]:
    """Return what orders waits; never is the longest."""
    return wait_ns is None, wait_ns or 0


def _bucket(before: Gcra | SlidingWindow | None, per_second: int, burst: int, now_ns: int) -> Gcra:
    if not isinstance(before, Gcra):
        return Gcra(per_second, burst)
    before.change(per_second, burst, now_ns)
    return before


def _window(before: Gcra | SlidingWindow | None, span_ns: int, capacity: int) -> SlidingWindow:
    if not isinstance(before, SlidingWindow):
        return SlidingWindow(span_ns, capacity)
    before.capacity = capacity
    return before
