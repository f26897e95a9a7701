"""One line of the sheet for a meter: what the store answers, and what the log has more."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from console.books.core.entries import MeterRow, hour_text
from schemas.catalog import Catalog
from schemas.meters import Meter
from schemas.partial import Partial
from schemas.quantity import format_ratio
from schemas.sketch import Sketch

_NOTHING = Partial(0, 0, 0, 0, 0, 0, 0, 0)


class Hour(NamedTuple):
    """Usage of one tenant and meter in one hour, by both sides; None: that side has no row."""

    tenant: str
    meter: str
    hour_ms: int
    logged: Partial | None
    stored: Partial | None
    gap: int
    #: What they keep beside the partials: see `sketches.together`.
    logged_sketches: Sequence[Sketch] = ()
    stored_sketches: Sequence[Sketch] = ()


def meter_row(hour: Hour, catalog: Catalog) -> MeterRow:
    """Return the line for *hour*."""
    meter = meter_of(hour.meter, hour.hour_ms, catalog)
    stored, logged = hour.stored or _NOTHING, hour.logged or _NOTHING
    more = _amount(meter, logged, hour.logged_sketches)
    amount = _amount(meter, stored, hour.stored_sketches)
    return MeterRow(
        hour.tenant,
        hour.meter,
        hour_text(hour.hour_ms),
        stored.events,
        format_ratio(*amount.as_integer_ratio()),
        format_ratio(*(more - amount).as_integer_ratio()),
        hour.gap,
    )


def _amount(meter: Meter, partial: Partial, sketches: Sequence[Sketch]) -> Fraction:
    amounts = [meter.amount(partial, sketch) for sketch in sketches or (None,)]
    return sum((Fraction(*amount) for amount in amounts), Fraction(0))


def meter_of(name: str, hour_ms: int, catalog: Catalog) -> Meter:
    """Return the meter in force; a row that no meter explains is shown as it stands."""
    found = (meter for meter in catalog.meters_at(hour_ms).meters if meter.name == name)
    return next(found, Meter(name=name, event_type=name))
