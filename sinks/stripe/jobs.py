"""The durable jobs that ask Stripe, put together."""

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from runtime.broker import Broker
from runtime.metrics import Metrics
from runtime.postgres import Pool
from runtime.settings import Settings
from schemas.metrics import STRIPE_WALKED
from sinks import sql
from sinks.alerts import EVERY_S as TELL_EVERY_S
from sinks.alerts import Telling
from sinks.jobs.defer import defer_async
from sinks.jobs.job import Job
from sinks.stripe.backfill import Backfill
from sinks.stripe.belonging import Belonging
from sinks.stripe.clients import Clients
from sinks.stripe.core.dunning import look_every_s
from sinks.stripe.due import EVERY_S, Due
from sinks.stripe.dunning import Dunning
from sinks.stripe.entry import Entry
from sinks.stripe.fetch import Fetch
from sinks.stripe.gaps import Gaps
from sinks.stripe.keys import Keys
from sinks.stripe.orders import AGAIN, BACKFILL, DUE, DUNNING, SNAPSHOT, TELL, WALK, WALKS, walk_order
from sinks.stripe.publish import Publisher
from sinks.stripe.record import Record
from sinks.stripe.silence import Silence


def stripe_jobs(settings: Settings, metrics: Metrics, pool: Pool, stack: AsyncExitStack) -> Sequence[Job]:
    """Return the jobs; what they have open is closed with *stack*. Needs a running loop."""
    clients = Clients(settings.stripe_api, metrics)
    stack.push_async_callback(clients.close)
    keys = Keys(settings, pool)
    record = Record(settings, pool, Broker.of(settings, "sink-jobs"))
    publisher = Publisher.of(settings, metrics)
    entry = Entry(pool, record, publisher)
    belonging = Belonging(pool, keys, clients, record)
    gaps = Gaps(pool, keys, belonging, entry, Silence(pool))
    backfill = Backfill(pool, keys, record, belonging, entry, publisher)
    due = Due(pool, publisher)
    gap_s = settings.dunning_gap_seconds
    dunning = Dunning(pool, record, metrics, gap_s)
    walked = metrics.gauge(STRIPE_WALKED)

    async def order_walks() -> None:
        tenants = await keys.tenants()
        async with pool.connection() as connection:
            for tenant in tenants:
                await defer_async(connection, walk_order(tenant))

    async def show_walked() -> None:
        async with pool.connection() as connection:
            row = await (await connection.execute(sql.queries()["stripe_walked"])).fetchone()
        # Where nobody has a key, nothing is behind.
        walked.set(time.time() if row is None or row[0] is None else row[0])

    return (
        Job(WALKS, order_walks, settings.stripe_walk_seconds, show_walked),
        Job(WALK, gaps.walk),
        Job(BACKFILL, backfill.work),
        Job(SNAPSHOT, Fetch(keys, clients, publisher).fetch),
        Job(DUE, due.look, EVERY_S),
        Job(AGAIN, due.again),
        Job(DUNNING, dunning.look, look_every_s(gap_s)),
        Job(TELL, Telling(pool, publisher.tell).work, TELL_EVERY_S),
    )
