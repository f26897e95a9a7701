"""One web process, a pool, and one statement a batch: what people write by hand.

What it lacks: an answer means that PostgreSQL has it, and when PostgreSQL is away nothing is taken; a
copy with other content is dropped without a word; no log, so a wrong sum cannot be recounted; no late
events, no other aggregates than a sum, no fate of an event, no check of keys, no limit of memory.
The table of ids grows for ever, and every event is a row that vacuum has to visit.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final

import asyncpg
import uvicorn
from fastapi import FastAPI, Header, Request
from pydantic import BaseModel, TypeAdapter

_POOL: Final = 16
_SCHEMA: Final = """
drop schema if exists by_hand cascade;
create schema by_hand;
create table by_hand.events (tenant text, customer text, id text, primary key (tenant, customer, id));
create table by_hand.counters (tenant text, customer text, meter text, hour timestamptz,
    events bigint not null, total numeric not null, primary key (tenant, customer, meter, hour));
"""
#: Counters change in one order, or two batches could wait for each other.
_STATEMENT: Final = """
with arrived as (
    select $1::text as tenant, *
    from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::numeric[])
        as t(customer, id, meter, hour, quantity)
), fresh as (
    insert into by_hand.events (tenant, customer, id)
    select distinct tenant, customer, id from arrived order by tenant, customer, id
    on conflict do nothing returning customer, id
)
insert into by_hand.counters as c (tenant, customer, meter, hour, events, total)
select tenant, customer, meter, hour, count(*), sum(quantity)
from (select distinct on (customer, id) * from arrived) as once join fresh using (customer, id)
group by tenant, customer, meter, hour order by tenant, customer, meter, hour
on conflict (tenant, customer, meter, hour)
do update set events = c.events + excluded.events, total = c.total + excluded.total
"""


class Event(BaseModel):
    """One usage event."""

    id: str
    customer: str
    meter: str
    time: datetime
    quantity: Decimal = Decimal(1)


_BODY: Final = TypeAdapter(Event | list[Event])


def build(dsn: str) -> FastAPI:
    """Return the web application on the database *dsn*."""
    pools: list[asyncpg.Pool[asyncpg.Record]] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(dsn, min_size=_POOL, max_size=_POOL) as pool:
            await pool.execute(_SCHEMA)
            pools.append(pool)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/events", status_code=202)
    async def take(request: Request, authorization: Annotated[str, Header()]) -> dict[str, int]:
        body = _BODY.validate_json(await request.body())
        events = body if isinstance(body, list) else [body]
        await pools[0].execute(
            _STATEMENT,
            authorization,
            [event.customer for event in events],
            [event.id for event in events],
            [event.meter for event in events],
            [event.time.replace(minute=0, second=0, microsecond=0) for event in events],
            [event.quantity for event in events],
        )
        return {"accepted": len(events)}

    return app


def main() -> None:
    """Serve on the port BASELINE_PORT, with the database BASELINE_DSN."""
    port = int(os.environ["BASELINE_PORT"])
    app = build(os.environ["BASELINE_DSN"])
    uvicorn.run(app, host="127.0.0.1", port=port, loop="uvloop", log_level="error", access_log=False)


if __name__ == "__main__":
    main()
