"""Judges payments that failed: once the time for a dunning step is over, was there one?"""

import time
from typing import Final

from runtime import logs
from runtime.metrics import Metrics
from runtime.postgres import Pool
from schemas.alert import DunningGap
from schemas.errors import TryAgain
from schemas.instant import SECOND_MS
from schemas.metrics import DUNNING_GAPS
from sinks import sql
from sinks.alerts import keep_alert
from sinks.stripe.core.dunning import PAST_MS, Standing, step_after
from sinks.stripe.record import Record

_MOST: Final = 500

log = logs.get_logger(__name__)


class Dunning:
    """Judges for all tenants."""

    def __init__(self, pool: Pool, record: Record, metrics: Metrics, gap_s: int) -> None:
        """A step has to follow within *gap_s*."""
        self._pool = pool
        self._record = record
        self._gap_s = gap_s
        self._gaps = metrics.counter(DUNNING_GAPS)

    async def look(self) -> None:
        """Judge every failure whose time is over, each once, by all that the log held when this was called.

        Raises TryAgain, for the tenants whose mirror is behind; the others are judged.
        """
        now_ms = time.time_ns() // 1_000_000
        span = {"since_ms": now_ms - PAST_MS, "until_ms": now_ms - self._gap_s * SECOND_MS}
        async with self._pool.connection() as connection:
            found = await connection.execute(sql.queries()["stripe_failed_tenants"], span)
            tenants = [row[0] for row in await found.fetchall()]
        behind: TryAgain | None = None
        for tenant in tenants:
            try:
                await self._record.catch_up_mirror(tenant)
            except TryAgain as error:
                behind = error
                continue
            while await self._judge({**span, "tenant": tenant, "most": _MOST}, now_ms) == _MOST:
                pass
        if behind is not None:
            raise behind

    async def _judge(self, wanted: dict[str, object], now_ms: int) -> int:
        """Judge some of a tenant's; return how many. What is said of them is kept with the judgement."""
        gaps = []
        async with self._pool.connection() as connection, connection.transaction():
            found = await connection.execute(sql.queries()["stripe_failed"], wanted)
            failed = await found.fetchall()
            for invoice, failed_at_ms, event_id, recorded_at_ms, *rest in failed:
                step = step_after(failed_at_ms, Standing(*rest[:7]))
                judged = {
                    "tenant": wanted["tenant"],
                    "invoice": invoice,
                    "failed_at_ms": failed_at_ms,
                    "event_id": event_id,
                    "now_ms": now_ms,
                    "step": step,
                }
                await connection.execute(sql.queries()["stripe_note_judged"], judged)
                if step is not None:
                    continue
                customer, subscription, livemode, attempt, currency, amount = rest[7:]
                gap = DunningGap(
                    tenant=str(wanted["tenant"]),
                    invoice=invoice,
                    failed_at_ms=failed_at_ms,
                    event_id=event_id,
                    customer=customer,
                    subscription=subscription,
                    livemode=livemode,
                    attempt=attempt,
                    currency=currency,
                    amount_remaining=amount,
                    recorded_at_ms=recorded_at_ms,
                    within_seconds=self._gap_s,
                    raised_at_ms=now_ms,
                )
                if await keep_alert(connection, gap, now_ms):
                    gaps.append(gap)
        for gap in gaps:
            self._gaps.inc()
            log.warning("stripe.dunning_gap", tenant=gap.tenant, invoice=gap.invoice, event_id=gap.event_id)
        return len(failed)
