"""Was anything lost or counted twice? Answered from the truth file and PostgreSQL alone."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from console.control.versions import newest_meters, versions
from console.generator.attempt import read_truth
from console.generator.core.expected import Attempted, Cell, Stored, Verdict, expected_cells, judge
from console.queries import queries
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from schemas.meters import Aggregation, Meter
from schemas.quantity import MICRO


def check_truth(settings: Settings, path: Path) -> Verdict:
    """Hold what is stored against the truth file at *path*, once everything sent has been processed.

    The customers in the file must have been fed by that one run. Raises TryAgain, Misconfigured.
    """
    with connect(settings, "truth", autocommit=True) as connection:
        meters = _summing(newest_meters(versions(connection)))
        cells = expected_cells(_measured(path, meters))
        customers = {(cell.tenant, cell.customer) for cell in cells}
        stored = _stored(connection, sorted({tenant for tenant, _ in customers}), meters)
    ours = {cell: found for cell, found in stored.items() if (cell.tenant, cell.customer) in customers}
    return judge(cells, ours)


def _summing(meters: Mapping[str, Meter]) -> dict[str, Meter]:
    """Return one meter that adds up for each event type."""
    return {
        meter.event_type: meter
        for meter in sorted(meters.values(), key=lambda meter: meter.name, reverse=True)
        if meter.aggregation is Aggregation.SUM and not meter.filters
    }


def _measured(path: Path, meters: Mapping[str, Meter]) -> Iterator[Attempted]:
    for each in read_truth(path):
        # An event without a quantity was made to be rejected, whether or not its answer arrived.
        if each.answer != "rejected" and each.quantity and each.meter in meters:
            yield Attempted(
                each.tenant,
                each.customer,
                each.source,
                each.id,
                each.meter,
                each.quantity,
                each.time,
                each.answer != "none",
            )


def _stored(connection: Connection, tenants: list[str], meters: Mapping[str, Meter]) -> dict[Cell, Stored]:
    by_name = {meter.name: meter for meter in meters.values()}
    wanted = {"tenants": tenants, "meters": list(by_name)}
    found = {}
    for tenant, customer, name, hour_ms, events, total in connection.execute(
        queries(__package__)["stored_usage"], wanted
    ):
        meter = by_name[name]
        # Exact: what is left of the division can only come from a wrong sum.
        micro, remainder = divmod(int(total) * MICRO, meter.scale)
        found[Cell(tenant, customer, meter.event_type, hour_ms)] = Stored(events, micro, remainder)
    return found
