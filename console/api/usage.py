"""`GET /v1/usage` and `GET /v1/usage/current/{customer}`."""

from collections.abc import Iterable

from aiohttp import web

from console.api.access import Caller, caller_of
from console.api.answers import answer
from console.api.context import CONTEXT, Context
from console.api.core.parameters import (
    MOST,
    Parameters,
    cursor,
    duration,
    limit,
    name_of,
    names_of,
    one_of,
)
from console.api.core.span import take_span
from console.api.fresh import now_ms, read_fresh
from console.quota.asked import Subject
from console.quota.current import Current, read_current
from console.usage.core.calendar import Bounds, Window
from console.usage.core.cursor import Position, seal
from console.usage.core.freshness import Dated
from console.usage.core.merge import Usage
from console.usage.reading import Question, read_usage


class UsageList(Dated, frozen=True):
    """The answer of `/v1/usage`."""

    data: list[Usage]
    #: Cursor of the next page; null on the last one.
    next: str | None


class CurrentUsage(Dated, frozen=True):
    """The answer of `/v1/usage/current/{customer}`: each meter in its own period."""

    data: list[Current]


async def list_usage(request: web.Request) -> web.Response:
    """Answer with usage by windows."""
    caller = await caller_of(request)
    context = request.app[CONTEXT]
    given = Parameters(request.query.items())
    min_freshness_ms = given.take("min_freshness", duration)
    question = _question(given, caller.tenant, context)
    return answer(await _answer(context, caller, question, min_freshness_ms))


async def current_usage(request: web.Request) -> web.Response:
    """Answer with a customer's usage of the periods that contain now, beside its quotas."""
    caller = await caller_of(request)
    context = request.app[CONTEXT]
    given = Parameters([*request.match_info.items(), *request.query.items()])
    customer = given.require("customer", name_of, "")
    min_freshness_ms = given.take("min_freshness", duration)
    meter = given.take("meter", name_of)
    given.done()
    subject = Subject(caller.tenant, customer, meter)
    found = await read_fresh(
        context,
        caller,
        min_freshness_ms,
        lambda connection, moment: read_current(connection, context.settings, subject, moment),
    )
    return answer(CurrentUsage(found.data, **found.freshness.stated()))


def _question(given: Parameters, tenant: str, context: Context) -> Question:
    """Return what is asked; by default all that events may still come for: the last 35 days."""
    customer, meter = given.take("customer", name_of), given.take("meter", name_of)
    window = given.take("window", one_of({window.value: window for window in Window})) or Window.HOUR
    most = given.take("limit", limit) or MOST
    group_by = given.take("group_by", names_of) or ()
    top = given.take("top", limit)
    span = take_span(given, window, now_ms())
    scope = _scope(tenant, customer, meter, window, group_by)
    after = given.take("cursor", cursor(scope, context.secret, Position))
    given.done()
    if after is not None:
        span = Bounds(after.from_ms, after.to_ms)
    return Question(tenant, customer, meter, window, *span, group_by, most, after, top)


def _scope(
    tenant: str, customer: str | None, meter: str | None, window: Window, group_by: Iterable[str]
) -> str:
    """Return what a cursor is bound to. Names hold no NUL, so two questions never read the same."""
    return "\0".join((tenant, customer or "", meter or "", window, *group_by))


async def _answer(
    context: Context, caller: Caller, question: Question, min_freshness_ms: int | None
) -> UsageList:
    page = await read_fresh(
        context,
        caller,
        min_freshness_ms,
        lambda connection, moment: read_usage(connection, context.settings, question, moment),
    )
    scope = _scope(question.tenant, question.customer, question.meter, question.window, question.group_by)
    following = None if page.next is None else seal(page.next, scope, context.secret)
    return UsageList(page.data, following, **page.freshness.stated())
