"""Holds a key against what webhooks brought, before anything is entered that it answers."""

import time

from runtime.postgres import Pool
from schemas.errors import Misconfigured
from schemas.webhook import TRIAL
from sinks import sql
from sinks.stripe.api import StripeApi
from sinks.stripe.asking import Forbidden
from sinks.stripe.core.belonging import HEARD, Heard, account_fault, mode_fault, witnesses


class Belonging:
    """Asks for any tenant."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def require(self, tenant: str, key: str, api: StripeApi) -> None:
        """Return unless *key*, which *api* asks with, is known to be none of the webhooks' account and mode.

        The record has to be as far as the log. Raises Misconfigured, which does not quote the key; TryAgain.
        """
        heard = await self._heard(tenant)
        fault = mode_fault(tenant, key, heard)
        if fault is not None:
            raise Misconfigured(fault)
        asked = witnesses(key, heard, time.time_ns() // 1_000_000)
        for witness in asked:
            try:
                if await api.knows(*witness):
                    return
            except Forbidden:
                if witness.kind == "event":
                    raise
                return  # it may not read customers: nothing can be told
        if asked:
            raise Misconfigured(account_fault(tenant, asked))

    async def _heard(self, tenant: str) -> list[Heard]:
        values = {"tenant": tenant, "trial": f"{TRIAL}%", "most": HEARD}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql.queries()["stripe_heard"], values)).fetchall()
        return [Heard(*row) for row in rows]
