"""What the record of webhooks knows already, asked when it, or the mirror, is as far as the log."""

import asyncio
import time
from collections.abc import Collection
from typing import Final

from runtime.broker import Broker
from runtime.postgres import Pool
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.partition import partition_of_tenant
from schemas.topics import STRIPE, topic_name
from sinks import sql

#: How long somebody may take to catch up. Then the sink is down, and we come back later.
_PATIENCE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.1


class Record:
    """The record, as jobs ask it."""

    def __init__(self, settings: Settings, pool: Pool, broker: Broker) -> None:
        self._settings = settings
        self._pool = pool
        self._broker = broker

    async def catch_up(self, tenant: str) -> None:
        """Return when the record holds all that was on the log of *tenant* when this was called.

        So whatever somebody published before, and did not live to write down, is known. Raises TryAgain.
        """
        await self._reach(
            tenant, "stripe_recorded", "the record of webhooks is behind the log: does `sinks stripe` run?"
        )

    async def catch_up_mirror(self, tenant: str) -> None:
        """Return when the mirror holds all that was on the log of *tenant* when this was called.

        Raises TryAgain.
        """
        behind = "the mirror is behind the log: do `processors billing` and `sinks mirror` run?"
        await self._reach(tenant, "stripe_mirrored", behind)

    async def known(self, tenant: str, event_ids: Collection[str]) -> set[str]:
        """Return those of *event_ids* that are recorded."""
        values = {"tenant": tenant, "event_ids": list(event_ids)}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql.queries()["stripe_known"], values)).fetchall()
        return {row[0] for row in rows}

    async def last_said(self, tenant: str, object_ids: Collection[str]) -> dict[str, str]:
        """Return, by object, the id of the event that was recorded last about it."""
        values = {"tenant": tenant, "object_ids": list(object_ids)}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql.queries()["stripe_last_said"], values)).fetchall()
        return dict(rows)

    async def _reach(self, tenant: str, query: str, behind: str) -> None:
        """Return when *query* answers with the end that the tenant's partition has now. Raises TryAgain."""
        topic = topic_name(self._settings.topic_prefix, STRIPE)
        where = (topic, partition_of_tenant(tenant, self._settings.partitions))
        first = await asyncio.to_thread(self._broker.earliest, [where])
        end = (await asyncio.to_thread(self._broker.latest, [where]))[where]
        until = time.monotonic() + _PATIENCE_SECONDS
        while first[where] < end and await self._next_offset(query, where[1]) < end:
            if time.monotonic() > until:
                raise TryAgain(f"{behind} ({topic})")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _next_offset(self, query: str, partition: int) -> int:
        async with self._pool.connection() as connection:
            found = await connection.execute(sql.queries()[query], {"partition": partition})
            row = await found.fetchone()
        return 0 if row is None else int(row[0])
