"""`GET /v1/usage` and `GET /v1/usage/current/{customer}`."""

import asyncio
import time
from typing import Final

import msgspec
from aiohttp import web

from console.api.access import tenant_of
from console.api.answers import answer
from console.api.context import CONTEXT, Context
from console.api.core.parameters import MOST, Parameters, duration, instant, limit, name_of, one_of
from console.api.core.problem import refuse
from console.usage.core.calendar import Window, widened, window_of
from console.usage.core.cursor import Position, seal, unseal
from console.usage.core.freshness import Freshness
from console.usage.core.merge import Usage
from console.usage.reading import Moment, Page, Question, read_usage
from schemas.admission import AHEAD_MS, OLDEST_MS
from schemas.errors import Reject

#: How long a question with ?min_freshness= waits for the stream to come up to it.
PATIENCE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.05


class UsageList(msgspec.Struct, frozen=True):
    """The answer of `/v1/usage`."""

    data: list[Usage]
    #: Cursor of the next page; null on the last one.
    next: str | None
    #: Everything that the log had confirmed before this moment is in the numbers.
    complete_through: str | None
    #: Newest offset of `weir.usage` in the numbers; by partition where they are of several.
    as_of_offset: int | dict[str, int | None] | None
    #: Age of complete_through.
    lag_seconds: float | None


async def list_usage(request: web.Request) -> web.Response:
    """Answer with usage by windows."""
    tenant = await tenant_of(request)
    context = request.app[CONTEXT]
    given = Parameters(request.query.items())
    min_freshness_ms = given.take("min_freshness", duration)
    question = _question(given, tenant, context)
    return answer(await _answer(context, question, min_freshness_ms))


async def current_usage(request: web.Request) -> web.Response:
    """Answer with a customer's usage of the period that contains now."""
    tenant = await tenant_of(request)
    context = request.app[CONTEXT]
    given = Parameters(request.query.items())
    min_freshness_ms = given.take("min_freshness", duration)
    meter = given.take("meter", name_of)
    given.done()
    period = window_of(Window.PERIOD, _now_ms())
    customer = request.match_info["customer"]
    question = Question(tenant, customer, meter, Window.PERIOD, period.start_ms, period.end_ms)
    return answer(await _answer(context, question, min_freshness_ms))


def _question(given: Parameters, tenant: str, context: Context) -> Question:
    """Return what is asked; by default all that events may still come for: the last 35 days."""
    customer, meter = given.take("customer", name_of), given.take("meter", name_of)
    window = given.take("window", one_of({window.value: window for window in Window})) or Window.HOUR
    from_ms, to_ms = given.take("from", instant), given.take("to", instant)
    most = given.take("limit", limit) or MOST
    if given.take("group_by", str):
        given.fault("group_by", "unknown", "no meter has groups")
    now_ms = _now_ms()
    from_ms = now_ms - OLDEST_MS if from_ms is None else from_ms
    to_ms = max(now_ms + AHEAD_MS, from_ms) + 1 if to_ms is None else to_ms
    if to_ms <= from_ms:
        given.fault("to", "span_empty", "must be later than from")
    after = given.take(
        "cursor", lambda text: _position(text, _scope(tenant, customer, meter, window), context)
    )
    given.done()
    span = widened(window, from_ms, to_ms) if after is None else (after.from_ms, after.to_ms)
    return Question(tenant, customer, meter, window, *span, most, after)


def _position(text: str, scope: str, context: Context) -> Position:
    try:
        return unseal(text, scope, context.secret)
    except Reject as error:
        raise ValueError(str(error)) from None


def _scope(tenant: str, customer: str | None, meter: str | None, window: Window) -> str:
    """Return what a cursor is bound to. Names hold no NUL, so two questions never read the same."""
    return "\0".join((tenant, customer or "", meter or "", window))


async def _answer(context: Context, question: Question, min_freshness_ms: int | None) -> UsageList:
    page = await _fresh_page(context, question, min_freshness_ms)
    scope = _scope(question.tenant, question.customer, question.meter, question.window)
    following = None if page.next is None else seal(page.next, scope, context.secret)
    fresh = page.freshness
    return UsageList(page.data, following, fresh.complete_through, fresh.as_of_offset, fresh.lag_seconds)


async def _fresh_page(context: Context, question: Question, min_freshness_ms: int | None) -> Page:
    """Read until the answer is as fresh as wanted. Raises Refused when that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        ends = await context.log.ends()
        async with context.pool.connection() as connection:
            page = await read_usage(connection, context.settings, question, Moment(ends, _now_ms()))
        if min_freshness_ms is None or _is_fresh(page.freshness, min_freshness_ms):
            return page
        if time.monotonic() > deadline:
            through = page.freshness.complete_through or "nothing yet"
            raise refuse("not_fresh", f"usage is complete through {through}, which is not fresh enough")
        await asyncio.sleep(_PAUSE_SECONDS)


def _is_fresh(fresh: Freshness, least_ms: int) -> bool:
    through_ms = fresh.complete_through_ms
    return through_ms is not None and _now_ms() - through_ms <= least_ms


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
