"""Enters events of Stripe's list that no webhook brought: each one once, whoever stops in the middle.

What is missing is written down before it is published, and marked when Kafka has confirmed it. Whoever goes
on after a crash has the record catch up with the log first: then it is known what was published.
"""

import time
from collections.abc import Sequence

from runtime.postgres import Pool
from schemas.webhook import Origin
from sinks import sql
from sinks.stripe.core.snapshot import read_event
from sinks.stripe.publish import Publisher
from sinks.stripe.record import Record


class Entry:
    """Enters pages of Stripe's list."""

    def __init__(self, pool: Pool, record: Record, publisher: Publisher) -> None:
        self._pool = pool
        self._record = record
        self._publisher = publisher

    async def enter(self, tenant: str, payloads: Sequence[bytes]) -> int:
        """Publish those of *payloads*, the newest first, that are not known; return how many it were.

        The record has to have caught up since somebody else did the same. Raises TryAgain.
        """
        payload_of = {read_event(payload).id: payload for payload in reversed(payloads)}
        known = await self._record.known(tenant, payload_of)
        owed = await self._note(tenant, payload_of, known)
        oldest_first = [event_id for event_id in payload_of if event_id in owed]
        failures = await self._publisher.publish_all(
            tenant, [payload_of[each] for each in oldest_first], Origin.BACKFILL
        )
        entered = [each for each, failure in zip(oldest_first, failures, strict=True) if failure is None]
        await self._note_entered(tenant, entered)
        for failure in failures:
            if failure is not None:
                raise failure
        return len(entered)

    async def _note(self, tenant: str, payload_of: dict[str, bytes], known: set[str]) -> set[str]:
        """Write down what is missing; return what of it has not been entered."""
        missing = [read_event(payload) for event_id, payload in payload_of.items() if event_id not in known]
        values = {
            "tenant": tenant,
            "event_ids": [each.id for each in missing],
            "types": [each.type for each in missing],
            "created_s": [each.created for each in missing],
            "now_ms": time.time_ns() // 1_000_000,
        }
        async with self._pool.connection() as connection, connection.transaction():
            # Published by somebody who did not live to mark it, or brought by a webhook after all.
            await connection.execute(
                sql.queries()["stripe_note_entered"], {**values, "event_ids": list(known)}
            )
            await connection.execute(sql.queries()["stripe_note_missing"], values)
            found = await connection.execute(sql.queries()["stripe_owed"], values)
            return {row[0] for row in await found.fetchall()}

    async def _note_entered(self, tenant: str, event_ids: Sequence[str]) -> None:
        if event_ids:
            values = {
                "tenant": tenant,
                "event_ids": list(event_ids),
                "now_ms": time.time_ns() // 1_000_000,
            }
            async with self._pool.connection() as connection:
                await connection.execute(sql.queries()["stripe_note_entered"], values)
