"""Keys of Stripe's API, read from PostgreSQL each time one is needed, and opened in memory alone."""

from runtime.postgres import Pool
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.errors import Reject
from schemas.stripe_key import purpose_of
from sinks import sql


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

    async def of(self, tenant: str) -> str:
        """Return the key of *tenant* (id) that is used now.

        Raises Reject where there is none, and Misconfigured where WEIR_SECRET_KEY does not open it.
        """
        async with self._pool.connection() as connection:
            row = await (await connection.execute(sql.queries()["stripe_key"], {"tenant": tenant})).fetchone()
        if row is None:
            raise Reject(f"tenant {tenant} has no key of Stripe's API: `weir stripe-key add {tenant}`")
        key_id, sealed = row
        return Keyring.of(self._settings).open(sealed, purpose_of(tenant, key_id)).decode()
