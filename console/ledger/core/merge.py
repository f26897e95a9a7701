"""Merges the hours of each event type into the windows that were asked for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from console.usage.core.calendar import Window, window_of
from schemas.catalog import Catalog
from schemas.instant import format_instant


class Hour(NamedTuple):
    """Events of one type whose time lies in one hour, by when they came."""

    type: str
    hour_ms: int
    on_time: int
    in_grace: int
    late: int
    refused: int


class Arrivals(msgspec.Struct, frozen=True):
    """Events of one type in one window. The four numbers add up to `accepted`."""

    type: str
    #: Those that measure the type, in any version of the catalogue.
    meters: Sequence[str]
    start: str
    end: str
    #: Before the end of their hour.
    on_time: int
    #: After it, and before its grace was over: they count as if they had been on time.
    in_grace: int
    #: After that: they stand in rows of their own, beside what was closed.
    late: int
    #: Past the door, and worth nothing: too old, impossible, skipped.
    refused: int
    #: All that were no copies, and that a meter measures or that were refused.
    accepted: int


def arrivals(hours: Iterable[Hour], window: Window, catalog: Catalog) -> Iterator[Arrivals]:
    """Yield what came in each window. *hours* are in the order of type and hour."""
    meters = _meters_by_type(catalog)
    for (event_type, bounds), group in groupby(
        hours, lambda hour: (hour.type, window_of(window, hour.hour_ms))
    ):
        rows = list(group)
        on_time, in_grace, late, refused = (
            sum(column) for column in zip(*(row[2:] for row in rows), strict=True)
        )
        yield Arrivals(
            event_type,
            meters.get(event_type, ()),
            format_instant(bounds.start_ms),
            format_instant(bounds.end_ms),
            on_time,
            in_grace,
            late,
            refused,
            on_time + in_grace + late + refused,
        )


def _meters_by_type(catalog: Catalog) -> Mapping[str, Sequence[str]]:
    found: dict[str, dict[str, None]] = {}
    for version in catalog.meter_sets:
        for meter in version.meters:
            found.setdefault(meter.event_type, {})[meter.name] = None
    return {event_type: tuple(names) for event_type, names in found.items()}
