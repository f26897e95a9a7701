"""The spans of Stripe's list that have been walked, as PostgreSQL keeps them."""

from collections.abc import Iterable

from runtime.postgres import AsyncConnection
from sinks import sql
from sinks.stripe.core.spans import HORIZON_S, Span, with_span


async def read_walked(connection: AsyncConnection, tenant: str) -> tuple[Span, ...]:
    """Return the spans of *tenant* (id), the oldest first."""
    rows = await (await connection.execute(sql.queries()["stripe_spans"], {"tenant": tenant})).fetchall()
    return tuple(Span(*row) for row in rows)


async def add_walked(connection: AsyncConnection, tenant: str, new: Span, now_s: int) -> None:
    """Add *new*, but for what Stripe no longer listed at *now_s*; within the caller's transaction."""
    span = Span(max(new.from_s, now_s - HORIZON_S), new.to_s)
    if span.from_s >= span.to_s:
        return
    spans: Iterable[Span] = with_span(await read_walked(connection, tenant), span)
    await connection.execute(sql.queries()["stripe_forget_spans"], {"tenant": tenant})
    from_s, to_s = zip(*spans, strict=True)
    values = {"tenant": tenant, "from_s": list(from_s), "to_s": list(to_s)}
    await connection.execute(sql.queries()["stripe_add_spans"], values)
