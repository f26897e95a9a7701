"""Tenants: the accounts of the operator."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec
from psycopg.rows import TupleRow

from console.control.change import Change, change
from console.control.core.names import refuse_own, tenant_id
from console.control.core.rates import columns_of, rate_in
from console.queries import queries
from runtime.postgres import Connection
from schemas.canary import is_own
from schemas.catalog import TenantNamed
from schemas.errors import AlreadyDone, Reject
from schemas.rate import Rate


class Tenant(NamedTuple):
    """A tenant as it is listed."""

    tenant: str
    name: str
    created_at: datetime
    #: That it may send; None: as many as there are.
    events_per_month: int | None
    #: Keys that work.
    keys: int
    #: Events a second, and at once; None: as many as they like.
    rate: int | None
    burst: int | None


def create_tenant(connection: Connection, name: str) -> str:
    """Make a tenant called *name* and return its id. Raises Reject, or AlreadyDone with the id."""
    tenant = tenant_id(name)
    with change(connection) as changed:
        if not add_tenant(changed, tenant, name):
            raise AlreadyDone(tenant)
    return tenant


def add_tenant(changed: Change, tenant: str, name: str) -> bool:
    """Add *tenant* (id) within a change; return False if it is there already."""
    row = {"tenant": tenant, "name": name}
    if changed.connection.execute(queries(__package__)["tenant_add"], row).fetchone() is None:
        return False
    changed.record("tenant.created", tenant=tenant, after={"name": name})
    changed.tell(TenantNamed(tenant, name))
    return True


def limit_events(connection: Connection, tenant: str, events: int | None) -> None:
    """Have *tenant* (id) send at most so many *events* in a calendar month; None: as many as there are."""
    _change(connection, "tenant_quota", {"tenant": tenant, "events": events})


def limit_rate(connection: Connection, tenant: str, rate: Rate | None) -> None:
    """Have *tenant* (id) send no faster than *rate*; None: as fast as it likes. Raises Reject."""
    _change(connection, "tenant_limit", {"tenant": tenant, **columns_of(rate)})


def find_tenant(connection: Connection, word: str) -> str:
    """Return the id of the tenant whose id, or else name, is *word*. Raises Reject."""
    found = connection.execute(queries(__package__)["tenant_find"], {"word": word}).fetchall()
    if found and (len(found) == 1 or found[0][0] == word):
        return str(found[0][0])
    if found:
        raise Reject(f"several tenants are called {word!r}: write the id (`weir tenant list`)")
    raise Reject(f"there is no tenant {word!r}: see `weir tenant list`, or make it with `weir tenant create`")


def list_tenants(connection: Connection) -> list[Tenant]:
    """Return all tenants that people made, by id."""
    found = (Tenant(*row) for row in connection.execute(queries(__package__)["tenant_list"]))
    return [tenant for tenant in found if not is_own(tenant.tenant)]


def _change(connection: Connection, query: str, row: Mapping[str, object]) -> None:
    """Change one tenant by *query*, and tell all that is known of it then. Raises Reject."""
    sql = queries(__package__)
    refuse_own(str(row["tenant"]))
    with change(connection) as changed:
        before = connection.execute(sql["tenant_limits"], row).fetchone()
        after = connection.execute(sql[query], row).fetchone()
        if before is None or after is None:
            raise Reject(f"there is no tenant {row['tenant']!r}")
        fact = _fact(row, after)
        changed.record(
            "tenant.limited", tenant=fact.tenant, before=_limits(_fact(row, before)), after=_limits(fact)
        )
        changed.tell(fact)


def _fact(row: Mapping[str, object], found: TupleRow) -> TenantNamed:
    name, events_per_month, *rate = found
    return TenantNamed(str(row["tenant"]), name, events_per_month, rate_in(*rate))


def _limits(tenant: TenantNamed) -> dict[str, object]:
    rate = None if tenant.rate is None else msgspec.structs.asdict(tenant.rate)
    return {"events_per_month": tenant.events_per_month, "rate": rate}
