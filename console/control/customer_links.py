"""Whose usage is billed to which of Stripe's customers, where it is not said by id or metadata."""

from psycopg.errors import UniqueViolation

from console.control.change import change
from console.control.core.names import refuse_own
from console.queries import queries
from runtime.postgres import Connection
from schemas.errors import AlreadyDone, Reject


def link_customer(connection: Connection, tenant: str, customer: str, stripe_customer: str) -> str | None:
    """Link the usage of *customer* to *stripe_customer*, of *tenant* (id); return whom it was linked to.

    Raises AlreadyDone, and Reject where there is no such Stripe customer, or *customer* has another one.
    """
    refuse_own(tenant)
    values = {"tenant": tenant, "customer": customer, "stripe_customer": stripe_customer}
    with change(connection) as changed:
        if connection.execute(queries(__package__)["stripe_customer"], values).fetchone() is None:
            raise Reject(f"tenant {tenant} has no Stripe customer {stripe_customer!r} in the mirror")
        found = connection.execute(queries(__package__)["link_of"], values).fetchone()
        before = None if found is None else str(found[0])
        if before == customer:
            raise AlreadyDone(f"{stripe_customer} is linked to {customer}")
        try:
            with connection.transaction():
                connection.execute(queries(__package__)["link"], values)
        except UniqueViolation:
            raise Reject(
                f"customer {customer} is linked to another Stripe customer: `weir customer unlink` that first"
            ) from None
        changed.record(
            "customer.linked",
            tenant=tenant,
            before=None if before is None else {"stripe_customer": stripe_customer, "customer": before},
            after={"stripe_customer": stripe_customer, "customer": customer},
        )
    return before


def unlink_customer(connection: Connection, tenant: str, stripe_customer: str) -> str:
    """Take the link of *stripe_customer* away and return whom it was linked to. Raises Reject."""
    values = {"tenant": tenant, "stripe_customer": stripe_customer}
    with change(connection) as changed:
        found = connection.execute(queries(__package__)["unlink"], values).fetchone()
        if found is None:
            raise Reject(f"{stripe_customer} of tenant {tenant} is not linked by hand")
        before = {"stripe_customer": stripe_customer, "customer": found[0]}
        changed.record("customer.unlinked", tenant=tenant, before=before)
    return str(found[0])
