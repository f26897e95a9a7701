"""What an aggregation is: what it needs of an event, what it keeps of a window, what it makes of that."""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final, NamedTuple

from schemas.partial import Partial
from schemas.sketch import Kind, Sketch

#: What is said of an answer that is no estimate.
EXACT: Final = "exact"


class Needs(Enum):
    """What an event has to have for a meter to count it."""

    NOTHING = auto()
    AMOUNT = auto()
    #: The members that `unique_by` names.
    IDENTITY = auto()


class Rule(NamedTuple):
    """One aggregation."""

    #: Numerator and denominator of a partial's answer in `unit`, given the meter's scale and, for a rule
    #: with a `kind`, the sketch. Whole numbers, so that no machine's floating point decides an amount.
    amount: Callable[[Partial, Sketch | None, int], tuple[int, int]]
    needs: Needs = Needs.AMOUNT
    #: What it keeps beside the partial.
    kind: Kind | None = None
    #: Relative error of an answer that comes from a sketch, as decimal text.
    bound: str = EXACT

    def error(self, sketch: Sketch | None) -> str:
        """Return `exact`, or the relative error that an answer from *sketch* may have."""
        return EXACT if sketch is None or sketch.is_exact else self.bound
