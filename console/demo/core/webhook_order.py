"""In which order Stripe delivers events: in none, some twice, and those of an outage at the end."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from console.demo.core.made_up_stripe import Below, Object

_OUTAGE_S: Final = 3_600
#: One event in so many is delivered twice.
_DOUBLED: Final = 3
#: An outage is one that at least one event in so many fell into.
_FELT: Final = 10


class Order(NamedTuple):
    """Deliveries one after the other, and how many at the end are those that an hour's outage held up."""

    deliveries: list[Object]
    late: int


def order(events: Sequence[Object], below: Below) -> Order:
    """Return *events* as they are delivered, in the order that *below* makes."""
    doubled = _shuffled(events, below)[: len(events) // _DOUBLED]
    deliveries = _shuffled([*events, *doubled], below)
    began_s = _outage(events, below)
    late = [each for each in deliveries if began_s <= each["created"] < began_s + _OUTAGE_S]
    in_time = [each for each in deliveries if not began_s <= each["created"] < began_s + _OUTAGE_S]
    return Order([*in_time, *late], len(late))


def _outage(events: Sequence[Object], below: Below) -> int:
    """Return the second in which an hour begins that brought much."""
    seconds: list[int] = [each["created"] for each in events]
    felt = [
        begin
        for begin in seconds
        if sum(begin <= each < begin + _OUTAGE_S for each in seconds) * _FELT >= len(seconds)
    ]
    return felt[below(len(felt))] if felt else seconds[0]


def _shuffled(events: Sequence[Object], below: Below) -> list[Object]:
    left = list(events)
    return [left.pop(below(len(left))) for _ in events]
