"""Backfills: what somebody wants to have fetched of a tenant's past, kept with the job that does it."""

from console.control.change import change
from console.control.core.names import refuse_own
from console.control.stripe_keys import list_keys
from console.control.tenants import find_tenant
from console.queries import queries
from runtime.postgres import Connection
from schemas.errors import Reject
from schemas.instant import format_instant
from sinks.jobs.defer import defer
from sinks.stripe.core.spans import Span
from sinks.stripe.orders import backfill_order

RANDOM_BYTES = 4
_MS = 1_000


def order_backfill(
    connection: Connection, tenant: str, span: Span, randomness: bytes, now_ms: int
) -> tuple[str, bool]:
    """Order a backfill of *span* for *tenant* (id or name); return its id, and whether it is new.

    The same one is not ordered again while it is under way. Raises Reject.
    """
    with change(connection) as changed:
        tenant = find_tenant(connection, tenant)
        refuse_own(tenant)
        if all(key.revoked_at is not None for key in list_keys(connection, tenant)):
            raise Reject(f"tenant {tenant} has no key of Stripe's API: `weir stripe-key add {tenant}`")
        values = {"tenant": tenant, **span._asdict(), "now_ms": now_ms}
        found = connection.execute(queries(__package__)["backfill_under_way"], values).fetchone()
        if found is not None:
            return str(found[0]), False
        backfill_id = f"bf_{randomness.hex()}"
        connection.execute(queries(__package__)["backfill_add"], {**values, "backfill_id": backfill_id})
        defer(connection, backfill_order(tenant, backfill_id))
        after = {
            "backfill_id": backfill_id,
            "from": format_instant(_MS * span.from_s),
            "to": format_instant(_MS * span.to_s),
        }
        changed.record("backfill.ordered", tenant=tenant, after=after)
        return backfill_id, True
