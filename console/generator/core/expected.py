"""What must be stored after a run, by the truth file alone; what is stored instead is held against it."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Final, NamedTuple

import msgspec

from schemas.instant import parse_instant
from schemas.quantity import parse_micro
from schemas.windows import window_start

#: Beyond this many unsure events of one cell, sums are only held against their bounds.
_MOST_UNSURE: Final = 12


class Cell(NamedTuple):
    """One customer's use of one event type in one hour."""

    tenant: str
    customer: str
    type: str
    hour_ms: int


class Attempted(NamedTuple):
    """What is needed of one line of the truth file."""

    tenant: str
    customer: str
    source: str
    id: str
    type: str
    quantity: str
    time: str
    acknowledged: bool


class Expected(msgspec.Struct):
    """What one cell has to hold: events that had a 2xx must be there, the others may."""

    sure: int = 0
    sure_micro: int = 0
    unsure_micro: list[int] = []


class Stored(NamedTuple):
    """What one cell does hold; the sum in millionths of the meter's unit, with what is left of a division."""

    events: int
    sum_micro: int
    remainder: int = 0


class Verdict(msgspec.Struct, frozen=True):
    """What the store has done to what was sent. Good: all three are 0."""

    #: Different events that had a 2xx.
    acknowledged: int
    #: Different events that never had one, and may count or not.
    unsure: int
    lost: int
    double: int
    #: Cells with the right number of events and an impossible sum.
    wrong_sums: int
    #: Some cells that are wrong, for people.
    examples: list[str]

    @property
    def good(self) -> bool:
        """Whether nothing is lost, double or wrong."""
        return not (self.lost or self.double or self.wrong_sums)


def expected_cells(attempts: Iterable[Attempted]) -> dict[Cell, Expected]:
    """Return what *attempts*, in the order of the file and without rejected ones, have to lead to.

    An id's first line says what it is worth: a conflicting copy is sent only after that had its 2xx.
    """
    first: dict[tuple[str, str, str, str], tuple[Cell, int]] = {}
    sure: set[tuple[str, str, str, str]] = set()
    for each in attempts:
        identity = each[:4]
        if identity not in first:
            hour_ms = window_start(parse_instant(each.time))
            cell = Cell(each.tenant, each.customer, each.type, hour_ms)
            first[identity] = (cell, parse_micro(each.quantity))
        if each.acknowledged:
            sure.add(identity)
    cells: dict[Cell, Expected] = {}
    for identity, (cell, micro) in first.items():
        expected = cells.setdefault(cell, Expected())
        if identity in sure:
            expected.sure += 1
            expected.sure_micro += micro
        else:
            expected.unsure_micro.append(micro)
    return cells


def judge(cells: Mapping[Cell, Expected], stored: Mapping[Cell, Stored]) -> Verdict:
    """Hold what is *stored* for the same customers against what was expected."""
    lost = double = wrong_sums = 0
    examples: list[str] = []
    nothing, none_stored = Expected(), Stored(0, 0)
    for cell in cells.keys() | stored.keys():
        expected, found = cells.get(cell, nothing), stored.get(cell, none_stored)
        missing = max(expected.sure - found.events, 0)
        surplus = max(found.events - expected.sure - len(expected.unsure_micro), 0)
        impossible = not missing and not surplus and not _is_possible(expected, found)
        lost += missing
        double += surplus
        wrong_sums += impossible
        if missing or surplus or impossible:
            examples.append(f"{cell}: expected {expected}, stored {found}")
    return Verdict(
        acknowledged=sum(expected.sure for expected in cells.values()),
        unsure=sum(len(expected.unsure_micro) for expected in cells.values()),
        lost=lost,
        double=double,
        wrong_sums=wrong_sums,
        examples=sorted(examples)[:10],
    )


def _is_possible(expected: Expected, found: Stored) -> bool:
    """Say whether the sum is that of the sure events and as many unsure ones as are stored."""
    if found.remainder:
        return False
    unsure, extra = expected.unsure_micro, found.events - expected.sure
    rest = found.sum_micro - expected.sure_micro
    if len(unsure) <= _MOST_UNSURE:
        return any(sum(some) == rest for some in combinations(unsure, extra))
    ordered = sorted(unsure)
    return sum(ordered[:extra]) <= rest <= sum(ordered[len(ordered) - extra :])
