"""Merges hourly rows, on time and late, into the windows that were asked for. One rounding an answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from itertools import chain, groupby
from typing import Literal, NamedTuple

import msgspec

from console.usage.core.calendar import Bounds, Window, window_of
from schemas.aggregate import EXACT
from schemas.catalog import Catalog
from schemas.instant import HOUR_MS, format_instant
from schemas.meters import Meter
from schemas.partial import Partial, merge
from schemas.sketch import Sketch, merged, read_window
from schemas.windows import NOT_LATE

State = Literal["open", "grace", "closed"]
#: Values of the properties that usage is asked for by.
Group = tuple[str, ...]
#: customer, meter, group.
SeriesKey = tuple[str, str, Group]


class StoredRow(NamedTuple):
    """One row of the table `rollups`."""

    customer: str
    meter: str
    group: Group
    window_start_ms: int
    arrival_day: int
    partial: Partial
    #: Numbers and contents of its pages, where its meter has any.
    pages: Sequence[tuple[int, bytes]] = ()
    #: The group as the store has it, whatever it is shown by.
    whole_group: str = ""

    @property
    def series(self) -> SeriesKey:
        """Whose usage of what it is a part of."""
        return self.customer, self.meter, self.group

    def key(self, window: Window) -> tuple[SeriesKey, Bounds]:
        """Return which answer it is a part of."""
        return self.series, window_of(window, self.window_start_ms)


class Usage(msgspec.Struct, frozen=True):
    """One customer's usage of one meter in one window. Quantities are decimal text in the meter's unit."""

    customer: str
    meter: str
    #: The value of the property that usage was asked for by; of several, all of them; else empty.
    group: str
    #: By their names; a property that the events lack is empty.
    groups: dict[str, str]
    start: str
    end: str
    #: Everything, late events included.
    quantity: str
    #: exact; or the relative error that the quantity may have, since it comes from a sketch.
    error: str
    #: What the late events alone amount to; of levels, what they changed, which may be less than nothing.
    late_quantity: str
    events: int
    #: open: more is expected; grace: its hours are over; closed: whatever comes now is late.
    state: State
    unit: str


def answers(
    rows: Iterable[StoredRow],
    window: Window,
    group_by: Sequence[str],
    catalog: Catalog,
    complete_through_ms: int | None,
) -> Iterator[Usage]:
    """Yield one answer for each series, apart by the properties *group_by*, and window of *rows*.

    *rows* are in the order of the table's key, so that where two events of one group share a millisecond
    the one that came later on the log is merged later.
    """
    meters = meters_of(catalog)
    state = state_rule(catalog, complete_through_ms)
    for (series, bounds), hours in groupby(rows, key=lambda row: row.key(window)):
        yield _usage(series, bounds, list(hours), group_by, meters, state(bounds))


def meters_of(catalog: Catalog) -> dict[str, Meter]:
    """Return each meter that ever was, as its newest version describes it."""
    return {meter.name: meter for version in catalog.meter_sets for meter in version.meters}


def _usage(
    series: SeriesKey,
    bounds: Bounds,
    rows: list[StoredRow],
    group_by: Sequence[str],
    meters: Mapping[str, Meter],
    state: State,
) -> Usage:
    customer, name, group = series
    # A version may not change what a meter's numbers mean, so its newest description fits every hour.
    meter = meters[name]
    everything = amount_of(meter, rows)
    late = amount_of(meter, [row for row in rows if row.arrival_day != NOT_LATE])
    return Usage(
        customer,
        name,
        ", ".join(group),
        dict(zip(group_by, group, strict=True)),
        format_instant(bounds.start_ms),
        format_instant(bounds.end_ms),
        everything.quantity,
        everything.error,
        late.quantity,
        everything.events,
        state,
        meter.unit,
    )


class Amount(NamedTuple):
    """What rows amount to together."""

    #: Decimal text in the meter's unit.
    quantity: str
    #: See `Usage`.
    error: str
    events: int


def amount_of(meter: Meter, rows: Sequence[StoredRow]) -> Amount:
    """Return what *rows* of *meter* amount to together; those of levels are settled (see `carry`)."""
    if not rows:
        return Amount("0", EXACT, 0)
    meter = meter.of_level_seconds
    partial, sketch = reduce(merge, [row.partial for row in rows]), _sketch(meter, rows)
    return Amount(meter.answer(partial, sketch), meter.aggregation.rule.error(sketch), partial.events)


def _sketch(meter: Meter, rows: Iterable[StoredRow]) -> Sketch | None:
    kind = meter.aggregation.rule.kind
    return None if kind is None else merged(kind, (read_window(kind, row.pages) for row in rows))


def most_used(rows: Iterable[StoredRow], window: Window, meter: Meter, top: int) -> list[StoredRow]:
    """Return the rows of those answers of *meter* that amount to most, the largest first.

    *rows* are in the order of the table's key, and all of one meter.
    """
    found = [list(hours) for _, hours in groupby(rows, key=lambda row: row.key(window))]
    found.sort(key=lambda hours: Fraction(*exact_amount(meter, hours)), reverse=True)
    return list(chain.from_iterable(found[:top]))


def exact_amount(meter: Meter, rows: Sequence[StoredRow]) -> tuple[int, int]:
    """Return what *rows*, of which there is one at least, amount to: numerator and denominator."""
    meter = meter.of_level_seconds
    return meter.amount(reduce(merge, [row.partial for row in rows]), _sketch(meter, rows))


def state_rule(catalog: Catalog, complete_through_ms: int | None) -> Callable[[Bounds], State]:
    """Return what says of a window whether more is expected."""

    def state(bounds: Bounds) -> State:
        if complete_through_ms is None or complete_through_ms < bounds.end_ms:
            return "open"
        grace_ms = catalog.meters_at(bounds.end_ms - HOUR_MS).grace_ms
        return "grace" if complete_through_ms < bounds.end_ms + grace_ms else "closed"

    return state
