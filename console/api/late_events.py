"""`GET /v1/late-events`: of the events that were accepted, how many came in time."""

from aiohttp import web

from console.api.access import caller_of
from console.api.answers import answer
from console.api.context import CONTEXT
from console.api.core.parameters import Parameters, duration, name_of, one_of
from console.api.core.span import take_span
from console.api.fresh import now_ms, read_fresh
from console.ledger.core.merge import Arrivals
from console.ledger.reading import Question, read_ledger
from console.usage.core.calendar import Window
from console.usage.core.freshness import Dated


class LateEvents(Dated, frozen=True):
    """The answer of `/v1/late-events`."""

    data: list[Arrivals]
    #: The list has one page.
    next: None


async def late_events(request: web.Request) -> web.Response:
    """Answer with the ledger of a span."""
    caller = await caller_of(request)
    context = request.app[CONTEXT]
    given = Parameters(request.query.items())
    min_freshness_ms = given.take("min_freshness", duration)
    event_type = given.take("type", name_of)
    window = given.take("window", one_of({window.value: window for window in Window})) or Window.DAY
    span = take_span(given, window, now_ms())
    given.done()
    question = Question(caller.tenant, event_type, window, *span)
    ledger = await read_fresh(
        context,
        caller,
        min_freshness_ms,
        lambda connection, moment: read_ledger(connection, context.settings, question, moment),
    )
    return answer(LateEvents(ledger.data, None, **ledger.freshness.stated()))
