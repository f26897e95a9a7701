"""Hot keys: who sends so much of a partition's events that everybody else there waits behind it.

A customer's events all go to one partition, so no further worker takes any of them off. One event of
sixteen is looked at; which one depends on the record's offset, so that no pattern in the traffic can hide
from it. What is counted in each ten seconds is a summary after Misra and Gries: of few keys, and
never more than a hundredth of all below the truth. Time is the records' own.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

#: A window is this many slots; it slides from slot to slot.
SLOTS: Final = 6
SLOT_MS: Final = 10_000
#: Of so many events one is looked at.
STRIDE: Final = 16
#: Keys that a summary holds. What it says of a key is short by less than 1 / (COUNTERS + 1) of all.
COUNTERS: Final = 99
#: Everybody above this share is found, and nobody below it by more than 1 %.
HOT_PERCENT: Final = 25
#: In a window with fewer events nobody waits for anybody.
LEAST_EVENTS: Final = 60_000
#: 2^32 divided by the golden ratio: consecutive numbers times this are spread evenly.
_SPREAD: Final = 0x9E3779B1
_WORD: Final = 32

K = TypeVar("K")


class HotKey(NamedTuple):
    """Who has a large share of a partition's events."""

    tenant: str
    #: Empty: the tenant with all of its customers.
    customer: str
    #: Of the last window's events, from 0 to 1; a measurement, not an account.
    share: float


class Heavy(Generic[K]):
    """Counts by key, of the heaviest keys alone."""

    __slots__ = ("_room", "counts", "total")

    def __init__(self, room: int = COUNTERS) -> None:
        """Hold at most *room* keys."""
        self._room = room
        self.counts: dict[K, int] = {}
        #: Everything that was added.
        self.total = 0

    def add(self, key: K, weight: int) -> None:
        """Count *weight* events of *key*."""
        counts = self.counts
        self.total += weight
        counts[key] = counts.get(key, 0) + weight
        if len(counts) > self._room:
            # Each key there gives up as much as the least of them: all of them together, or nobody.
            least = min(counts.values())
            self.counts = {each: count - least for each, count in counts.items() if count > least}


class _Slot:
    __slots__ = ("customers", "number", "tenants")

    def __init__(self, number: int) -> None:
        self.number = number
        self.customers: Heavy[tuple[str, str]] = Heavy()
        self.tenants: Heavy[str] = Heavy()


class HotKeys:
    """Finds the hot keys of one partition, once in every slot in which something came."""

    def __init__(self, stride: int = STRIDE, least_events: int = LEAST_EVENTS) -> None:
        self._stride = stride
        self._least = least_events // stride
        self._slots: deque[_Slot] = deque([_Slot(0)])
        self._found: list[HotKey] | None = None

    def add(
        self,
        offset: int,
        recorded_at_ms: int,
        series: Sequence[tuple[str, str, str]],
        series_index: Sequence[int],
    ) -> None:
        """Look at the events of the record at *offset*: which of *series* each belongs to."""
        slot = self._slots[-1]
        if recorded_at_ms // SLOT_MS > slot.number:
            slot = self._turn(recorded_at_ms // SLOT_MS)
        first = (offset * _SPREAD & 0xFFFFFFFF) * self._stride >> _WORD
        if first >= len(series_index):
            return
        for place, number in Counter(series_index[first :: self._stride]).items():
            tenant, customer, _ = series[place]
            slot.customers.add((tenant, customer), number)
            slot.tenants.add(tenant, number)

    def take(self) -> list[HotKey] | None:
        """Return the hot keys of the window that has ended since the last call; None: none has."""
        found, self._found = self._found, None
        return found

    def _turn(self, number: int) -> _Slot:
        slots = self._slots
        self._found = self._hot()
        slots.append(_Slot(number))
        while slots[0].number <= number - SLOTS:
            slots.popleft()
        return slots[-1]

    def _hot(self) -> list[HotKey]:
        customers, total = _merged(slot.customers for slot in self._slots)
        tenants, _ = _merged(slot.tenants for slot in self._slots)
        if total < self._least or not total:
            return []
        # A tenant without neighbours takes nothing from anybody.
        rivals = ((tenant, "", count) for tenant, count in tenants.items() if count < total)
        everybody = (*((*key, count) for key, count in customers.items()), *rivals)
        return [
            HotKey(tenant, customer, count / total)
            for tenant, customer, count in everybody
            if count * 100 > (HOT_PERCENT - 1) * total
        ]


def _merged(summaries: Iterable[Heavy[K]]) -> tuple[dict[K, int], int]:
    """Return the counts of all *summaries*, and how much was added to them in all."""
    counts: dict[K, int] = {}
    total = 0
    for summary in summaries:
        total += summary.total
        for key, count in summary.counts.items():
            counts[key] = counts.get(key, 0) + count
    return counts, total
