"""The pure rules of `schemas`, asked once for each distinct thing instead of once an event."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from schemas.admission import text_fault
from schemas.catalog import Catalog
from schemas.horizon import oldest_kept_hour_ms
from schemas.instant import HOUR_MS
from schemas.meters import Meter
from schemas.partition import partition_of
from schemas.quantity import MICRO
from schemas.windows import WINDOW_MS, window_start

#: Values below 10^28 are added in 128 bits: 10^10 of them fit. Beyond, sums have no bound on their length.
PLAIN_DIGITS: Final = 28
_PLAIN: Final = 10**PLAIN_DIGITS - 1


class Rule(NamedTuple):
    """What events of one type in one hour meet; a row of the table `rules`."""

    type: str
    hour_ms: int
    version: int
    matched: bool
    #: An event without a quantity is refused, whatever else it holds.
    needs_quantity: bool
    #: Its value, or who counts it, may stand in `data`.
    reads_rest: bool
    grace_from_ms: int
    late_from_ms: int


class Measure(NamedTuple):
    """How one meter of one version turns a quantity into its state integer, where that is plain."""

    version: int
    meter: Meter
    factor: int
    #: Largest quantity for which the product is plain.
    limit: int
    #: Worth of an event without a quantity; None where that is a refusal.
    absent: int | None

    @property
    def reads_members(self) -> bool:
        """Whether its properties are members of `data` itself."""
        properties = self.meter.properties
        return bool(properties) and not any(place.startswith("/") for place in properties)


def rules_of(catalog: Catalog, found: Iterable[tuple[str, int]]) -> Iterator[Rule]:
    """Yield the rule for each (event type, hour) in *found*."""
    for event_type, hour_ms in found:
        meters = catalog.meters_at(hour_ms)
        matching = meters.measuring(event_type)
        ends_ms = window_start(hour_ms) + WINDOW_MS
        yield Rule(
            event_type,
            hour_ms,
            meters.version,
            matched=bool(matching),
            needs_quantity=any(
                not meter.properties and not meter.filters and _absent(meter) is None for meter in matching
            ),
            reads_rest=any(meter.properties or meter.unique_by or meter.is_choosy for meter in matching),
            grace_from_ms=ends_ms,
            late_from_ms=ends_ms + meters.grace_ms,
        )


def measures_of(catalog: Catalog, rules: Iterable[Rule]) -> list[Measure]:
    """Return how each meter that *rules* lead to measures."""
    found = dict.fromkeys((rule.version, rule.type) for rule in rules if rule.matched)
    versions = {meters.version: meters for meters in catalog.meter_sets}
    return [
        _measure(version, meter) for version, kind in found for meter in versions[version].measuring(kind)
    ]


def filtered(measures: Iterable[Measure]) -> list[tuple[str, int]]:
    """Return (event type, version) of those whose every meter has filters."""
    by_type: dict[tuple[str, int], bool] = {}
    for measure in measures:
        name = (measure.meter.event_type, measure.version)
        by_type[name] = by_type.get(name, True) and bool(measure.meter.filters)
    return [name for name, every in by_type.items() if every]


def misplaced(parties: Iterable[tuple[str, str, int]], partitions: int) -> Iterator[tuple[str, str, int]]:
    """Yield those (tenant, customer, partition) that stand on another partition than their own."""
    for tenant, customer, partition in parties:
        if partition_of(tenant, customer, partitions) != partition:
            yield tenant, customer, partition


def unnameable(names: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield those (kind, name) that break the door's rule for names."""
    return ((kind, name) for kind, name in names if text_fault(f"/{kind}", name))


def copies_over_time(sights: Iterable[tuple[int, int, str]], horizon_ms: int) -> Iterator[tuple[int, str]]:
    """Yield (event, fate) of the copies among sightings of one identity, spread wider than the horizon.

    *sights* are (event, recorded_at_ms, content) in log order. The first one that is still
    remembered is what a copy is held against; a copy does not refresh the memory.
    """
    first: tuple[int, str] | None = None
    for event, recorded_at_ms, content in sights:
        if first is None or first[0] < oldest_kept_hour_ms(recorded_at_ms, horizon_ms):
            first = (recorded_at_ms - recorded_at_ms % HOUR_MS, content)
        else:
            yield event, "duplicate" if content == first[1] else "conflict"


def _measure(version: int, meter: Meter) -> Measure:
    if meter.unique_by:
        return Measure(version, meter, 0, _PLAIN, 0)
    factor = meter.scale // MICRO
    return Measure(version, meter, factor, _PLAIN // factor, _absent(meter))


def _absent(meter: Meter) -> int | None:
    """Return the worth of an event without a quantity; None: it is refused. Who is counted has no worth."""
    if meter.unique_by:
        return 0
    return meter.scale if meter.worth_one else None
