"""Which tenant a command is about: named, or the only one."""

from collections.abc import Callable
from typing import Any

import click

from console.control.tenants import find_tenant, list_tenants
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import Reject


def tenant_option(whose: str = "Whose") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that `tenant_of` reads; *whose* says of what."""
    return click.option("--tenant", help=f"{whose}; may be left out where there is one tenant.")


def tenant_of(settings: Settings, named: str | None) -> str:
    """Return the id of the tenant called *named*, or of the only tenant there is. Raises Reject."""
    with connect(settings, "tenant", autocommit=True) as connection:
        if named is not None:
            return find_tenant(connection, named)
        tenants = list_tenants(connection)
    if len(tenants) == 1:
        return tenants[0].tenant
    if not tenants:
        raise Reject("there is no tenant yet: `weir tenant create NAME`")
    raise Reject(f"say which tenant with --tenant: {', '.join(tenant.tenant for tenant in tenants[:10])}")
