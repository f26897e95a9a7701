"""Tells of webhooks that have stopped coming, before Stripe disables the endpoint: once a tenant and day."""

import time
from datetime import UTC, datetime

from runtime import logs
from runtime.postgres import Pool
from schemas.alert import WebhooksSilent
from sinks import sql
from sinks.alerts import keep_alert
from sinks.stripe.core.silent import DAY_MS, Heard, is_silent, watched

#: Further back than that nobody looks for a webhook: it is silent either way.
_LONG_AGO_MS = 40 * DAY_MS

log = logs.get_logger(__name__)


class Silence:
    """Looks after each walk."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def look(self, tenant: str) -> None:
        """Keep the fact, if the webhooks of *tenant* (id) are silent: somebody tells it then."""
        now_ms = time.time_ns() // 1_000_000
        span = watched(now_ms)
        values = {"tenant": tenant, "long_ago_ms": now_ms - _LONG_AGO_MS, **span._asdict()}
        async with self._pool.connection() as connection:
            row = await (await connection.execute(sql.queries()["stripe_silence"], values)).fetchone()
            if row is None or row[1] is None:
                return
            last_ms, key_since_ms, missing, newest_ms = row
            if is_silent(Heard(last_ms, key_since_ms, missing), now_ms):
                fact = WebhooksSilent(
                    tenant=tenant,
                    day=datetime.fromtimestamp(now_ms / 1_000, UTC).date().isoformat(),
                    last_webhook_at_ms=last_ms,
                    missing=missing,
                    newest_at_ms=newest_ms,
                    raised_at_ms=now_ms,
                )
                if await keep_alert(connection, fact, now_ms):
                    log.warning("stripe.webhooks_silent", tenant=tenant, day=fact.day)
