"""Leases: what a customer has under way at the same time. One that is not renewed ends by itself."""

from heapq import nsmallest


class Total:
    """How many leases are remembered for many customers together."""

    __slots__ = ("leases",)

    def __init__(self) -> None:
        """Begin with none."""
        self.leases = 0


class Leases:
    """The leases of one customer and meter. Times are nanoseconds of a clock that never goes back."""

    __slots__ = ("_ends_ns", "_first_end_ns", "_total")

    def __init__(self, total: Total) -> None:
        """Begin with none; *total* goes up and down with them."""
        self._total = total
        self._ends_ns: dict[str, int] = {}
        #: None ends before.
        self._first_end_ns = 0

    def open(self, now_ns: int) -> int:
        """Return how many there are."""
        if self._ends_ns and now_ns >= self._first_end_ns:
            still = {name: end_ns for name, end_ns in self._ends_ns.items() if end_ns > now_ns}
            self._total.leases -= len(self._ends_ns) - len(still)
            self._ends_ns = still
            self._first_end_ns = min(still.values(), default=now_ns)
        return len(self._ends_ns)

    def has(self, name: str, now_ns: int) -> bool:
        """Say whether there is a lease with this name."""
        return self._ends_ns.get(name, now_ns) > now_ns

    def wait_ns(self, limit: int, now_ns: int) -> int:
        """Return how long it takes at most until there is room for another one; 0: there is."""
        surplus = self.open(now_ns) + 1 - limit
        return nsmallest(surplus, self._ends_ns.values())[-1] - now_ns if surplus > 0 else 0

    def keep(self, name: str, ttl_ns: int, now_ns: int) -> None:
        """Begin a lease, or renew it."""
        end_ns = now_ns + ttl_ns
        self._total.leases += name not in self._ends_ns
        self._ends_ns[name] = end_ns
        self._first_end_ns = min(self._first_end_ns, end_ns)

    def release(self, name: str) -> None:
        """End a lease; nothing happens if it has ended already."""
        if self._ends_ns.pop(name, None) is not None:
            self._total.leases -= 1
