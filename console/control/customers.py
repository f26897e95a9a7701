"""Customers: which plan each of them is on."""

from datetime import datetime
from typing import NamedTuple

from console.control.change import change
from console.control.core.names import refuse_own
from console.control.versions import versions
from console.queries import queries
from runtime.postgres import Connection
from schemas.admission import text_fault
from schemas.canary import made_by_people
from schemas.catalog import Catalog, CustomerPlaced
from schemas.errors import AlreadyDone, Reject


class Placed(NamedTuple):
    """A customer that somebody placed on a plan."""

    tenant: str
    customer: str
    plan: str
    anchor_ms: int
    placed_at: datetime


def place_customer(
    connection: Connection, tenant: str, customer: str, plan: str, now_ms: int, anchor_ms: int | None = None
) -> CustomerPlaced:
    """Have *customer* of *tenant* (id) on *plan* from now on.

    Its own periods are counted from *anchor_ms*; None: as before, or, for a new one, from now on.
    Raises Reject, or AlreadyDone.
    """
    if (fault := text_fault("/customer", customer)) is not None:
        raise Reject(f"{customer!r} can be no customer: it {fault.detail}")
    refuse_own(tenant)
    with change(connection) as changed:
        in_force = Catalog().with_facts(versions(connection)).meters_at(now_ms)
        names = made_by_people(in_force.plan_by_name)
        if plan not in names:
            choice = ", ".join(names)
            hint = f"choose from {choice}" if choice else "write `plans` into it (docs/quotas.md)"
            raise Reject(f"there is no plan {plan!r} in the catalogue that is in force: {hint}")
        whose = {"tenant": tenant, "customer": customer}
        before = connection.execute(queries(__package__)["placement"], whose).fetchone()
        if anchor_ms is None:
            anchor_ms = now_ms if before is None else before[1]
        if before == (plan, anchor_ms):
            raise AlreadyDone(f"{customer} is on {plan}")
        connection.execute(
            queries(__package__)["placement_set"], {**whose, "plan": plan, "anchor_ms": anchor_ms}
        )
        fact = CustomerPlaced(tenant, customer, plan, anchor_ms)
        changed.record(
            "customer.placed",
            tenant=tenant,
            before={"customer": customer, "plan": before[0], "anchor_ms": before[1]} if before else None,
            after={"customer": customer, "plan": plan, "anchor_ms": anchor_ms},
        )
        changed.tell(fact)
    return fact


def placement_of(connection: Connection, tenant: str, customer: str) -> CustomerPlaced | None:
    """Return where somebody has placed *customer*; None: it is on the default plan."""
    whose = {"tenant": tenant, "customer": customer}
    found = connection.execute(queries(__package__)["placement"], whose).fetchone()
    return None if found is None else CustomerPlaced(tenant, customer, *found)


def list_placed(connection: Connection, tenant: str | None = None) -> list[Placed]:
    """Return the customers of *tenant*, or of all, that somebody placed on a plan."""
    return [
        Placed(*row) for row in connection.execute(queries(__package__)["placements"], {"tenant": tenant})
    ]


def plans_in_use(connection: Connection) -> dict[str, int]:
    """Return how many customers were placed on each plan."""
    return dict(connection.execute(queries(__package__)["plans_in_use"]).fetchall())
