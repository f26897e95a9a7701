"""As whom a run sends: with the keys that it was given, or with tenants of its own."""

import os
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from console.control.core.key import RANDOM_BYTES
from console.control.keys import create_key, holder_of
from console.control.tenants import create_tenant
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import AlreadyDone, Misconfigured

_SCOPES: Final = ("ingest", "read")


class Account(NamedTuple):
    """One tenant, and a key of it that may ingest."""

    tenant: str
    key: str


def accounts_of(settings: Settings, keys: Iterable[str]) -> list[Account]:
    """Return whose *keys* they are. Raises Misconfigured for a key that does not work."""
    found = []
    with connect(settings, "generate", autocommit=True) as connection:
        for key in keys:
            holder = holder_of(connection, key)
            if holder is None:
                raise Misconfigured("a key is unknown or revoked: see `weir key list`")
            found.append(Account(holder.tenant, key))
    return found


def open_accounts(settings: Settings, names: Sequence[str]) -> list[Account]:
    """Make sure that there are tenants called *names*, and return a new key for each."""
    found = []
    with connect(settings, "generate", autocommit=True) as connection:
        for name in names:
            try:
                tenant = create_tenant(connection, name)
            except AlreadyDone as done:
                tenant = str(done)
            key, _ = create_key(connection, tenant, _SCOPES, os.urandom(RANDOM_BYTES))
            found.append(Account(tenant, key.text))
    return found
