"""Where the events of one series go, and whether a meter has a say in them."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from schemas.admission import Finding, text_fault, value_faults
from schemas.catalog import Catalog
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.meters import Aggregation, Meter
from schemas.partition import partition_of

#: Series remembered over all tenants before they are forgotten, at about 500 bytes.
_REMEMBERED: Final = 32_000

#: What events said in a way that is worth something, before it is forgotten; and the longest kept.
_VALUED: Final = 16_384
_LONGEST_REST: Final = 256

NO_METER: Final = Finding("", "no_meter", "accepted, but no meter measures this event type")
LEFT_OUT: Final = Finding(
    "", "no_meter", "accepted, but the filters of every meter of this event type leave it out"
)
NO_TIME: Final = Finding("/time", "no_time", "accepted without a time: the time of its record counts")
_NO_TIME: Final = (NO_TIME,)


class Unusual(Exception):  # noqa: N818 -- not an error: a hint to read more slowly
    """The fast reading does not apply; it says nothing about whether the event is good."""


class Doubt(IntEnum):
    """Whether a meter may have something to say about an event of a type."""

    NEVER = 0
    #: Not about a quantity without properties: each version's meters take that.
    UNLESS_PLAIN = 1
    ALWAYS = 2


class Route(NamedTuple):
    """What is known about every event of one series."""

    series: Series
    partition: int
    #: Whether `judge` could find anything in an event that has a time.
    doubt: Doubt


class _Told(NamedTuple):
    """What the catalogue says of one event type."""

    doubt: Doubt
    #: Whether every version measures it alike.
    same_meters: bool


class Routes:
    """The routes of every series seen, under one catalogue. Bounded."""

    def __init__(self, catalog: Catalog, partitions: int) -> None:
        self.catalog = catalog
        self._partitions = partitions
        self._by_tenant: dict[str, TenantRoutes] = {}
        self._types: dict[str, _Told] = {}
        self._known = 0
        #: (type, whether without quantity, rest) of which the meters, the same in each version, get a value.
        self._valued: set[tuple[str, bool, bytes]] = set()

    def of_tenant(self, tenant: str) -> "TenantRoutes":
        """Return the table of one tenant."""
        if self._known > _REMEMBERED:
            self._by_tenant.clear()
            self._known = 0
        table = self._by_tenant.get(tenant)
        if table is None:
            table = self._by_tenant[tenant] = TenantRoutes(self, tenant)
        return table

    def route(self, series: Series) -> Route:
        """Return the route of *series*."""
        self._known += 1
        partition = partition_of(series.tenant, series.customer, self._partitions)
        return Route(series, partition, self._told(series.type).doubt)

    def judge(self, event: UsageEvent, now_ms: int) -> tuple[Sequence[Finding], Sequence[Finding]]:
        """Return (faults, warnings) of an event that is well formed."""
        warnings = _NO_TIME if event.given_ms == NOT_GIVEN else ()
        series, _, micro, _, _, rest = event
        said = series.type, micro == NO_QUANTITY, rest
        if said in self._valued:
            return (), warnings
        meters = self.catalog.meters_at(event.occurred_at_ms(now_ms)).measuring(series.type)
        if not meters:
            return (), (*warnings, NO_METER)
        faults = value_faults(event, meters)
        if not faults and all(meter.group_of(rest) is None for meter in meters):
            return (), (*warnings, LEFT_OUT)
        if not faults and len(rest) <= _LONGEST_REST and self._told(series.type).same_meters:
            if len(self._valued) >= _VALUED:
                self._valued.clear()
            self._valued.add(said)
        return faults, warnings

    def _told(self, event_type: str) -> "_Told":
        told = self._types.get(event_type)
        if told is None:
            versions = {meters.measuring(event_type) for meters in self.catalog.meter_sets}
            told = _Told(_doubt_of(versions), len(versions) == 1)
            if len(self._types) < _REMEMBERED:
                self._types[event_type] = told
        return told


class TenantRoutes(dict[tuple[str, str], Route]):
    """One tenant's routes by (customer, event type)."""

    def __init__(self, routes: Routes, tenant: str) -> None:
        super().__init__()
        self.tenant = tenant
        self._routes = routes

    def __missing__(self, key: tuple[str, str]) -> Route:
        """Learn the route of a series. Raises Unusual on a name that breaks the rules."""
        customer, event_type = key
        if text_fault("/customer", customer) or text_fault("/type", event_type):
            raise Unusual
        route = self[key] = self._routes.route(Series(self.tenant, customer, event_type))
        return route


def _doubt_of(versions: set[tuple[Meter, ...]]) -> Doubt:
    if not versions or not all(versions) or any(meter.filters for meters in versions for meter in meters):
        return Doubt.ALWAYS
    return (
        Doubt.NEVER if all(all(map(_takes_anything, meters)) for meters in versions) else Doubt.UNLESS_PLAIN
    )


def _takes_anything(meter: Meter) -> bool:
    """Say whether *meter* finds a value in every well-formed event."""
    return not meter.properties and (meter.default_one or meter.aggregation is Aggregation.COUNT)
