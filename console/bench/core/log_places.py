"""How long accepted events took until PostgreSQL held them: receipts beside the progress that was seen."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple


class Receipt(NamedTuple):
    """One record that was acknowledged at *at* (seconds of any one clock)."""

    partition: int
    offset: int
    at: float


class Seen(NamedTuple):
    """At *at*, PostgreSQL held everything of the partition up to *offset*."""

    partition: int
    offset: int
    at: float


def delays(receipts: Iterable[Receipt], sightings: Iterable[Seen]) -> list[float]:
    """Return for each receipt the seconds until it was first seen stored, 0 at least.

    Receipts that were never seen stored are left out: whether anything is missing is decided elsewhere.
    *sightings* are in order of time.
    """
    offsets: dict[int, list[int]] = defaultdict(list)
    times: dict[int, list[float]] = defaultdict(list)
    for seen in sightings:
        offsets[seen.partition].append(seen.offset)
        times[seen.partition].append(seen.at)
    found = []
    for receipt in receipts:
        place = bisect_left(offsets[receipt.partition], receipt.offset)
        if place < len(times[receipt.partition]):
            found.append(max(times[receipt.partition][place] - receipt.at, 0.0))
    return found
