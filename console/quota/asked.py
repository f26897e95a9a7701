"""What is asked about quotas, and what of the catalogue and the store the answers need."""

from collections.abc import Iterable
from typing import NamedTuple

from console.queries import queries
from console.usage.core.calendar import Window
from console.usage.core.merge import StoredRow
from console.usage.reading import Question, Unanswerable, read_rows
from console.usage.snapshot import read_catalog
from runtime.postgres import AsyncConnection
from schemas.catalog import Catalog, CustomerPlaced
from schemas.instant import HOUR_MS
from schemas.quota_check import Standing, standing


class Subject(NamedTuple):
    """Whose quotas, of which meter; None: of all that the plan has quotas or limits of."""

    tenant: str
    customer: str
    meter: str | None = None


def standings(catalog: Catalog, subject: Subject, now_ms: int) -> Iterable[Standing]:
    """Return the quotas that are asked for. Raises Unanswerable for a meter that is not there."""
    in_force = catalog.meters_at(now_ms)
    placed = catalog.plan_of(subject.tenant, subject.customer, now_ms)
    if subject.meter is None:
        names = list({**placed.plan.by_meter, **placed.plan.limit_by_meter}) if placed.plan else []
    elif subject.meter in in_force.by_name:
        names = [subject.meter]
    else:
        choice = ", ".join(in_force.choice)
        raise Unanswerable("meter", f"there is no meter {subject.meter!r}: choose from {choice}")
    found = (standing(catalog, subject.tenant, subject.customer, name, now_ms) for name in names)
    return [each for each in found if each is not None]


async def catalog_of(connection: AsyncConnection, subject: Subject) -> Catalog:
    """Return the catalogue as far as it concerns the customer. Raises Unanswerable while there is none."""
    catalog = await read_catalog(connection)
    if not catalog.versions:
        raise Unanswerable("meter", "there is no catalogue yet: `weir catalog apply`")
    whose = {"tenant": subject.tenant, "customer": subject.customer}
    asked = await connection.execute(queries(__package__)["placements_of_customer"], whose)
    placed = await asked.fetchone()
    if placed is None:
        return catalog
    return catalog.with_facts([CustomerPlaced(subject.tenant, subject.customer, *placed)])


async def stored_rows(
    connection: AsyncConnection, catalog: Catalog, at: Standing, complete_through_ms: int | None
) -> list[StoredRow]:
    """Return what the store has of the period: of the hours that begin in it."""
    key = at.key
    from_ms, to_ms = (-(-edge_ms // HOUR_MS) * HOUR_MS for edge_ms in (key.start_ms, key.end_ms))
    period = Question(key.tenant, key.customer, key.meter, Window.HOUR, from_ms, to_ms)
    rows, _ = await read_rows(connection, period, catalog, complete_through_ms)
    return rows
