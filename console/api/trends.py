"""`GET /v1/usage/trends`: how a customer's usage of one meter changes, and where it is highest."""

from aiohttp import web

from console.api.access import Caller, caller_of
from console.api.answers import answer
from console.api.context import CONTEXT, Context
from console.api.core.parameters import Parameters, duration, limit, name_of, one_of
from console.api.core.span import take_span
from console.api.fresh import now_ms, read_fresh
from console.usage.core.calendar import Window
from console.usage.core.freshness import Dated
from console.usage.core.trend import PEAKS, SIZES_MS, Trend, comparable
from console.usage.trends import TrendQuestion, read_trends
from schemas.errors import Reject


class UsageTrends(Dated, frozen=True):
    """The answer of `/v1/usage/trends`."""

    customer: str
    meter: str
    unit: str
    #: Every window that has begun, in order, whether anything was used or not.
    data: list[Trend]
    #: Those in which most was used, the largest first; none in which nothing was.
    peaks: list[Trend]
    #: The list has one page.
    next: None


async def usage_trends(request: web.Request) -> web.Response:
    """Answer with the trends of a span."""
    caller = await caller_of(request)
    context = request.app[CONTEXT]
    given = Parameters(request.query.items())
    min_freshness_ms = given.take("min_freshness", duration)
    question = _question(given, caller.tenant)
    return answer(await _answer(context, caller, question, min_freshness_ms))


def _question(given: Parameters, tenant: str) -> TrendQuestion:
    customer, meter = given.require("customer", name_of, ""), given.require("meter", name_of, "")
    window = given.take("window", one_of({window.value: window for window in SIZES_MS})) or Window.DAY
    peaks = given.take("peaks", limit) or PEAKS
    span = take_span(given, window, now_ms())
    try:
        span = comparable(window, span, now_ms())
    except Reject as error:
        given.fault("from", "span_too_long", str(error))
    given.done()
    return TrendQuestion(tenant, customer, meter, window, span, peaks)


async def _answer(
    context: Context, caller: Caller, question: TrendQuestion, min_freshness_ms: int | None
) -> UsageTrends:
    page = await read_fresh(
        context,
        caller,
        min_freshness_ms,
        lambda connection, moment: read_trends(connection, context.settings, question, moment),
    )
    return UsageTrends(
        question.customer,
        question.meter,
        page.unit,
        page.found.data,
        page.found.peaks,
        None,
        **page.freshness.stated(),
    )
