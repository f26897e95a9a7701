"""Keys of Stripe's API, read from PostgreSQL each time one is needed, and opened in memory alone."""

from typing import NamedTuple

from runtime.postgres import Pool
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.stripe_key import purpose_of
from sinks import sql


class Sealed(NamedTuple):
    """A key as it is kept."""

    tenant: str
    key_id: str
    sealed: bytes


class Keys:
    """The keys of all tenants."""

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self._settings = settings
        self._pool = pool

    async def tenants(self) -> list[str]:
        """Return the ids of the tenants that have one."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql.queries()["stripe_tenants"])).fetchall()
        return [row[0] for row in rows]

    async def of(self, tenant: str) -> Sealed | None:
        """Return the key of *tenant* (id) that is used now; None: there is none."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(sql.queries()["stripe_key"], {"tenant": tenant})).fetchone()
        return None if row is None else Sealed(tenant, *row)

    def opened(self, key: Sealed) -> str:
        """Return the text of *key*. Raises Misconfigured where WEIR_SECRET_KEY does not open it."""
        return Keyring.of(self._settings).open(key.sealed, purpose_of(key.tenant, key.key_id)).decode()
