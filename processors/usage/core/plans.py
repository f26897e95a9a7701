"""How each event type is measured, worked out once for each version of the catalogue."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from schemas.catalog import MeterSet
from schemas.event import NO_QUANTITY
from schemas.meters import Meter
from schemas.quantity import MICRO

#: State integers of one event, in the order of its plan's meters.
Values = tuple[int, ...]
#: Takes quantity_micro and rest. Raises schemas.meters.ValueMissing.
Measure = Callable[[int, bytes], Values]


class Plan(NamedTuple):
    """The meters of one event type."""

    meters: tuple[Meter, ...]
    measure: Measure


class Plans:
    """Plans by catalogue version and event type."""

    def __init__(self) -> None:
        """Know none yet."""
        self._by_version: dict[int, dict[str, Plan]] = {}

    def by_event_type(self, meters: MeterSet) -> Mapping[str, Plan]:
        """Return how *meters* measure each event type; what is not there is unmatched.

        A version never changes its content.
        """
        plans = self._by_version.get(meters.version)
        if plans is None:
            plans = self._by_version[meters.version] = {
                name: Plan(of_type, _measure(of_type)) for name, of_type in meters.by_event_type.items()
            }
        return plans


def _measure(meters: tuple[Meter, ...]) -> Measure:
    """Return the quickest way to measure for all of *meters*."""
    if len(meters) > 1:
        return lambda quantity, rest: tuple([meter.measure(quantity, rest) for meter in meters])
    [meter] = meters
    if meter.properties:
        return lambda quantity, rest: (meter.measure(quantity, rest),)
    factor = meter.scale // MICRO
    # A quantity, if there is one, is all that counts.
    return lambda quantity, rest: (
        (quantity * factor,) if quantity != NO_QUANTITY else (meter.measure(quantity, rest),)
    )
