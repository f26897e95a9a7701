"""How each event type is measured, worked out once for each version of the catalogue."""

from collections.abc import Mapping
from typing import NamedTuple

from schemas.catalog import MeterSet
from schemas.event import NO_QUANTITY
from schemas.meters import Meter
from schemas.quantity import MICRO


class Measured(NamedTuple):
    """One meter of an event type."""

    meter: Meter
    #: A state integer is millionths times this; None where `data` has to be looked into.
    factor: int | None

    def value(self, quantity_micro: int, rest: bytes) -> int:
        """Return the state integer of one event. Raises schemas.meters.ValueMissing."""
        if self.factor is not None and quantity_micro != NO_QUANTITY:
            return quantity_micro * self.factor
        return self.meter.measure(quantity_micro, rest)


#: The meters of one event type.
Plan = tuple[Measured, ...]


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
                name: tuple(Measured(meter, _factor(meter)) for meter in of_type)
                for name, of_type in meters.by_event_type.items()
            }
        return plans


def is_plain(plan: Plan) -> bool:
    """Say whether any quantity alone has a value for each meter of *plan*."""
    return all(measured.factor is not None for measured in plan)


def _factor(meter: Meter) -> int | None:
    return None if meter.properties else meter.scale // MICRO
