"""How each event type is measured, worked out once for each version of the catalogue."""

from collections.abc import Callable, Mapping
from typing import Final

from schemas.catalog import MeterSet
from schemas.event import NO_QUANTITY
from schemas.meters import Meter
from schemas.quantity import MICRO

#: The group of one event for each of its recipe's meters, None where that leaves it out. EVERYBODY where all
#: of them count all events in one group.
Choice = tuple[str | None, ...]
#: State integers of one event, one for each meter that counts it, in the order of its recipe's meters.
Values = tuple[int, ...]
#: Takes quantity_micro and rest. Raises schemas.meters.ValueMissing.
Measure = Callable[[int, bytes], Values]

EVERYBODY: Final[Choice] = ()
#: Choices of one recipe whose meters are remembered.
_REMEMBERED: Final = 10_000


class Recipe:
    """The meters of one event type."""

    def __init__(self, meters: tuple[Meter, ...]) -> None:
        """Measure by *meters*."""
        self.meters = meters
        #: For events that all of them count in one group.
        self.measure = _measure(meters)
        #: Whether that is not so.
        self.is_choosy = any(meter.is_choosy for meter in meters)
        self._measures: dict[Choice, Measure] = {}

    def choose(self, rest: bytes) -> Choice | None:
        """Return who counts an event, and in which group; None: nobody does. Raises ValueMissing."""
        choice = tuple([meter.group_of(rest) for meter in self.meters])
        return None if choice.count(None) == len(choice) else choice

    def chosen(self, choice: Choice) -> list[tuple[Meter, str]]:
        """Return the meters that count events of *choice*, and the group that each of them counts in."""
        if choice == EVERYBODY:
            return [(meter, "") for meter in self.meters]
        return [(meter, group) for meter, group in zip(self.meters, choice, strict=True) if group is not None]

    def measure_chosen(self, choice: Choice, quantity_micro: int, rest: bytes) -> Values:
        """Return the values of an event of *choice*. Raises ValueMissing."""
        measure = self._measures.get(choice)
        if measure is None:
            if len(self._measures) >= _REMEMBERED:
                self._measures.clear()
            measure = self._measures[choice] = _measure(tuple([meter for meter, _ in self.chosen(choice)]))
        return measure(quantity_micro, rest)


class Recipes:
    """Recipes by catalogue version and event type."""

    def __init__(self) -> None:
        """Know none yet."""
        self._by_version: dict[int, dict[str, Recipe]] = {}

    def by_event_type(self, meters: MeterSet) -> Mapping[str, Recipe]:
        """Return how *meters* measure each event type; what is not there is unmatched.

        A version never changes its content.
        """
        recipes = self._by_version.get(meters.version)
        if recipes is None:
            recipes = self._by_version[meters.version] = {
                name: Recipe(of_type) for name, of_type in meters.by_event_type.items()
            }
        return recipes


def _measure(meters: tuple[Meter, ...]) -> Measure:
    """Return the quickest way to measure for all of *meters*."""
    if any(meter.properties or meter.unique_by for meter in meters):
        return lambda quantity, rest: tuple([meter.measure(quantity, rest) for meter in meters])
    # A quantity, if there is one, is all that counts.
    factors = [meter.scale // MICRO for meter in meters]
    return lambda quantity, rest: (
        tuple([quantity * factor for factor in factors])
        if quantity != NO_QUANTITY
        else tuple([meter.measure(quantity, rest) for meter in meters])
    )
