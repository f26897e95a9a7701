"""What is due: events to be tried again, and objects of which Stripe has to be asked."""

import time
from collections.abc import Sequence
from typing import Final

from runtime import logs
from runtime.postgres import Pool
from schemas.instant import HOUR_MS, SECOND_MS
from schemas.webhook import Origin
from sinks import sql
from sinks.jobs.defer import defer_async
from sinks.stripe.api import PATHS
from sinks.stripe.orders import snapshot_order
from sinks.stripe.publish import Publisher

#: How often somebody looks. The first wait of a failure is twice as long.
EVERY_S: Final = 5
_MOST: Final = 500
#: A moment is over at Stripe when this much has passed by our clock, which need not be right: who asks too
#: early asks again.
_OVER_MS: Final = 3 * SECOND_MS
_FIRST_MS: Final = 15 * SECOND_MS
_LONGEST_MS: Final = 6 * HOUR_MS

log = logs.get_logger(__name__)


class Due:
    """Looks for all tenants."""

    def __init__(self, pool: Pool, publisher: Publisher) -> None:
        self._pool = pool
        self._publisher = publisher

    async def look(self) -> None:
        """Publish events again whose time has come, and order snapshots where there are doubts.

        Raises TryAgain. Who is stopped between publishing and noting it publishes twice, which is one attempt
        more and changes nothing else.
        """
        now_ms = time.time_ns() // 1_000_000
        await self._retry(now_ms)
        await self._ask(now_ms)

    async def again(self, *, tenant: str, event_ids: Sequence[str]) -> None:
        """Publish the events of *tenant* (id) again that somebody asked for. Raises TryAgain."""
        values = {"tenant": tenant, "event_ids": list(event_ids)}
        async with self._pool.connection() as connection:
            found = await connection.execute(sql.queries()["webhooks_sent"], values)
            payloads = [row[0] for row in await found.fetchall()]
        for failure in await self._publisher.publish_all(tenant, payloads, Origin.RETRY):
            if failure is not None:
                raise failure
        log.info("webhook.published_again", tenant=tenant, events=len(payloads))

    async def _retry(self, now_ms: int) -> None:
        values = {"now_ms": now_ms, "most": _MOST}
        async with self._pool.connection() as connection:
            found = await connection.execute(sql.queries()["webhook_failures_due"], values)
            due = await found.fetchall()
        for tenant, event_id, stamp, payload in due:
            await self._publisher.publish(tenant, payload, Origin.RETRY)
            async with self._pool.connection() as connection:
                noted = {"tenant": tenant, "event_id": event_id, "stamp": stamp}
                await connection.execute(sql.queries()["webhook_retried"], noted)

    async def _ask(self, now_ms: int) -> None:
        values = {
            "now_ms": now_ms,
            "over_ms": now_ms - _OVER_MS,
            "first_ms": _FIRST_MS,
            "longest_ms": _LONGEST_MS,
            "kinds": list(PATHS),
            "most": _MOST,
        }
        async with self._pool.connection() as connection, connection.transaction():
            found = await connection.execute(sql.queries()["stripe_doubts_due"], values)
            for doubt in await found.fetchall():
                await defer_async(connection, snapshot_order(*doubt))
