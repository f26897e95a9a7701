"""Reads trends from PostgreSQL. Hours are added up as they come: few are held at a time."""

from contextlib import aclosing
from typing import NamedTuple

from console.usage.core.calendar import Bounds, Window, window_of
from console.usage.core.freshness import Freshness
from console.usage.core.merge import meters_of, state_rule
from console.usage.core.trend import WEEK_MS, Total, Trends, trends
from console.usage.reading import Question, Unanswerable, rows_of
from console.usage.snapshot import Moment, read_catalog, read_freshness
from runtime.postgres import AsyncConnection
from runtime.settings import Settings
from schemas.canary import made_by_people
from schemas.catalog import Catalog
from schemas.partition import partition_of
from schemas.sketch import read_window


class TrendQuestion(NamedTuple):
    """Whose usage of what, by which windows. Its span is what `comparable` returns."""

    tenant: str
    customer: str
    meter: str
    window: Window
    span: Bounds
    peaks: int


class TrendPage(NamedTuple):
    """The answer, what it is measured in, and up to when it is complete."""

    found: Trends
    unit: str
    freshness: Freshness


async def read_trends(
    connection: AsyncConnection, settings: Settings, question: TrendQuestion, moment: Moment
) -> TrendPage:
    """Return the answer to *question*, in the caller's snapshot. Raises Unanswerable."""
    partition = partition_of(question.tenant, question.customer, settings.partitions)
    fresh = await read_freshness(connection, (partition,), moment)
    catalog = await read_catalog(connection)
    meters = meters_of(catalog)
    meter = meters.get(question.meter)
    if meter is None:
        choice = ", ".join(sorted(made_by_people(meters)))
        raise Unanswerable("meter", f"there is no meter {question.meter!r}: choose from {choice}")
    totals = await _totals(connection, question, catalog, fresh.complete_through_ms)
    state = state_rule(catalog, fresh.complete_through_ms)
    found = trends(totals, question.window, question.span, meter.of_level_seconds, state, question.peaks)
    return TrendPage(found, meter.unit, fresh)


async def _totals(
    connection: AsyncConnection, question: TrendQuestion, catalog: Catalog, complete_through_ms: int | None
) -> dict[int, Total]:
    """Return what each window holds, from a week before the span on."""
    start_ms, end_ms = question.span
    rows = Question(
        question.tenant, question.customer, question.meter, question.window, start_ms - WEEK_MS, end_ms
    )
    kind = meters_of(catalog)[question.meter].of_level_seconds.aggregation.rule.kind
    totals: dict[int, Total] = {}
    async with aclosing(rows_of(connection, rows, catalog, complete_through_ms)) as found:
        async for row in found:
            start_ms = window_of(question.window, row.window_start_ms).start_ms
            more = Total(row.partial, None if kind is None else read_window(kind, row.pages))
            before = totals.get(start_ms)
            totals[start_ms] = more if before is None else before.with_more(more)
    return totals
