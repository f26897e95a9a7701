"""What the canary sends. Round *n* of an hour is the same events whoever sends them, and whenever.

So a round may be sent again: its events are copies then. And whoever starts knows from the numbers of an
hour which rounds there were, and whether the numbers can be right at all; nothing else is remembered.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from schemas.canary import CANARY
from schemas.instant import HOUR_MS, format_instant
from schemas.partition import partition_of
from schemas.quantity import MICRO, format_micro

#: Numbers by instant (of an hour or period, in ms), customer and what is counted: "events", or "quantity" in
#: millionths. What is not there is 0.
Figures = Mapping[tuple[int, str, str], int]

EVENTS: Final = "events"
QUANTITY: Final = "quantity"
#: Different events of a round, and copies beside them.
DIFFERENT: Final = 2
COPIES: Final = 1
#: Begins every customer's name: another law of rounds needs customers of its own.
_LAW: Final = "1"


class Round(NamedTuple):
    """One request: a few events of one customer, so that all of it is one record of the log, or nothing."""

    hour_ms: int
    #: From 1 on in each hour.
    number: int
    customer: str

    @property
    def micro(self) -> int:
        """Return what its events are worth together, in millionths."""
        return sum(_worth(self.number))

    def body(self) -> list[dict[str, Any]]:
        """Return the request: each event once, and the first of them twice.

        They occur at the hour's start, so that no clock is in their content.
        """
        events = [
            {
                "id": f"{self.hour_ms}-{self.number}-{index}",
                "customer": self.customer,
                "meter": CANARY,
                "quantity": format_micro(micro),
                "time": format_instant(self.hour_ms),
            }
            for index, micro in enumerate(_worth(self.number))
        ]
        return [*events, events[0]]

    def figures(self) -> Figures:
        """Return what it adds to the numbers of its hour."""
        return {
            (self.hour_ms, self.customer, EVENTS): DIFFERENT,
            (self.hour_ms, self.customer, QUANTITY): self.micro,
        }


def customers_of(partitions: int) -> tuple[str, ...]:
    """Return one customer for each partition, in their order: whose turn it is, tests that partition."""
    names = (f"{_LAW}-{number}" for number in count())
    found: dict[int, str] = {}
    while len(found) < partitions:
        name = next(names)
        found.setdefault(partition_of(CANARY, name, partitions), name)
    return tuple(found[number] for number in range(partitions))


def round_of(hour_ms: int, number: int, customers: Sequence[str]) -> Round:
    """Return round *number* of an hour; the customers take turns, through all hours."""
    return Round(hour_ms, number, customers[(hour_ms // HOUR_MS + number) % len(customers)])


def hour_figures(hour_ms: int, rounds: int, customers: Sequence[str]) -> Figures:
    """Return what an hour with so many *rounds* has to show."""
    return added(round_of(hour_ms, number, customers).figures() for number in range(1, rounds + 1))


def rounds_in(hour_ms: int, seen: Figures) -> int:
    """Return how many whole rounds an hour had, by the number of its events."""
    events = sum(number for (at_ms, _, what), number in seen.items() if at_ms == hour_ms and what == EVENTS)
    return events // DIFFERENT


def added(all_figures: Iterable[Figures]) -> Figures:
    """Return the sums."""
    total: dict[tuple[int, str, str], int] = {}
    for figures in all_figures:
        for key, number in figures.items():
            total[key] = total.get(key, 0) + number
    return total


def _worth(number: int) -> tuple[int, ...]:
    """Return what the different events of a round are worth: unlike those of any other round of its hour."""
    return (number * MICRO, number * MICRO + 1)
