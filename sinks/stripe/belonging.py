"""Holds a key against what webhooks brought, before anything is entered that it answers."""

import time

from runtime.postgres import Pool
from schemas.errors import Misconfigured
from schemas.webhook import TRIAL
from sinks import sql
from sinks.stripe.api import StripeApi
from sinks.stripe.asking import Forbidden
from sinks.stripe.clients import Clients
from sinks.stripe.core.belonging import HEARD, Heard, account_fault, mode_fault, witnesses
from sinks.stripe.keys import Keys, Sealed
from sinks.stripe.record import Record


class Belonging:
    """Gives clients, for any tenant, whose answers may be entered."""

    def __init__(self, pool: Pool, keys: Keys, clients: Clients, record: Record) -> None:
        self._pool = pool
        self._keys = keys
        self._clients = clients
        self._record = record

    async def client(self, key: Sealed) -> StripeApi:
        """Return the client for *key*, once the record is as far as the log.

        Raises Misconfigured, which does not quote the key, where it is known to be none of the webhooks'
        account and mode; TryAgain.
        """
        opened = self._keys.opened(key)
        api = self._clients.of(key.tenant, opened)
        await self._record.catch_up(key.tenant)
        await self._require(key.tenant, opened, api)
        return api

    async def _require(self, tenant: str, key: str, api: StripeApi) -> None:
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
