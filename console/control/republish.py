"""Has recorded events published once more, because somebody asks for it."""

from collections.abc import Sequence

from console.control.change import change
from console.control.core.names import refuse_own
from console.queries import queries
from runtime.postgres import Connection
from schemas.errors import Reject
from sinks.jobs.defer import defer
from sinks.stripe.orders import again_order

#: What the audit log names of many.
_NAMED = 20


def publish_again(connection: Connection, tenant: str, event_ids: Sequence[str]) -> int:
    """Order the publishing of the events of *tenant* (id), and return how many they are.

    Raises Reject where one of them is not recorded: nothing is ordered then.
    """
    refuse_own(tenant)
    if not event_ids:
        return 0
    values = {"tenant": tenant, "event_ids": list(event_ids)}
    with change(connection) as changed:
        found = connection.execute(queries(__package__)["webhooks_unknown"], values).fetchone()
        if found is not None:
            raise Reject(f"tenant {tenant} has no event {found[0]!r}: see `weir webhook list`")
        defer(connection, again_order(tenant, event_ids))
        after = {"events": len(event_ids), "event_ids": list(event_ids[:_NAMED])}
        changed.record("webhook.published_again", tenant=tenant, after=after)
    return len(event_ids)
