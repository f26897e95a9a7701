"""`GET /v1/webhooks`, `…/metrics` and `…/{event_id}`: the record of what Stripe sent."""

from typing import Final, get_args

import msgspec
from aiohttp import web

from console.api.access import caller_of, reading_as
from console.api.answers import answer
from console.api.context import CONTEXT, Context
from console.api.core.parameters import Parameters, cursor, instant, limit, one_of, stripe_name
from console.api.core.problem import refuse
from console.api.fresh import now_ms
from console.usage.core.cursor import seal
from console.webhooks.core.handling import Asked
from console.webhooks.core.metrics import DEFAULT_MS, window_before, window_ms
from console.webhooks.core.wanted import TOP, Place, Sighting, Wanted, words_wanted
from console.webhooks.metrics import count_webhooks
from console.webhooks.reading import Delivery, WholeDelivery, find_event, list_deliveries
from runtime.settings import Settings
from schemas.errors import Reject
from schemas.topics import STRIPE, topic_name

_DELIVERIES: Final = 100
_LONGEST_TEXT: Final = 1_000
SIGHTINGS: Final[tuple[Sighting, ...]] = get_args(Sighting)
STATUSES: Final[tuple[Asked, ...]] = get_args(Asked)


class WebhookList(msgspec.Struct, frozen=True):
    """The answer of `/v1/webhooks`."""

    #: The newest first.
    data: list[Delivery]
    #: Cursor of the next page; null on the last one.
    next: str | None


class WebhookEvent(msgspec.Struct, frozen=True):
    """The answer of `/v1/webhooks/{event_id}`."""

    event_id: str
    #: Every delivery, the first one first.
    deliveries: list[WholeDelivery]


async def list_webhooks(request: web.Request) -> web.Response:
    """Answer with deliveries, the newest first."""
    caller = await caller_of(request)
    context = request.app[CONTEXT]
    given = Parameters(request.query.items())
    most = given.take("limit", limit) or _DELIVERIES
    wanted = _wanted(given, caller.tenant, context)
    async with reading_as(context, caller) as connection:
        page = await list_deliveries(connection, _topic(context.settings), wanted, most)
    following = None if page.next is None else seal(page.next, _scope(wanted), context.secret)
    return answer(WebhookList(page.deliveries, following))


async def webhook_metrics(request: web.Request) -> web.Response:
    """Answer with how many events and charges there were lately."""
    caller = await caller_of(request)
    given = Parameters(request.query.items())
    length_ms = given.take("window_hours", window_ms) or DEFAULT_MS
    given.done()
    window = window_before(now_ms(), length_ms)
    async with reading_as(request.app[CONTEXT], caller) as connection:
        return answer(await count_webhooks(connection, caller.tenant, window))


async def show_webhook(request: web.Request) -> web.Response:
    """Answer with every delivery of an event."""
    caller = await caller_of(request)
    context = request.app[CONTEXT]
    given = Parameters([*request.match_info.items(), *request.query.items()])
    event_id = given.require("event_id", stripe_name, "")
    given.done()
    async with reading_as(context, caller) as connection:
        deliveries = await find_event(connection, _topic(context.settings), caller.tenant, event_id)
    if not deliveries:
        raise refuse("not_found", f"there is no event {event_id!r}")
    return answer(WebhookEvent(event_id, deliveries))


def _wanted(given: Parameters, tenant: str, context: Context) -> Wanted:
    from_ms, to_ms = given.take("from", instant), given.take("to", instant)
    wanted = Wanted(
        tenant,
        given.take("type", stripe_name),
        given.take("object", stripe_name),
        given.take("sighting", one_of({sighting: sighting for sighting in SIGHTINGS})),
        given.take("status", one_of({status: status for status in STATUSES})),
        given.take("text", _words) or (),
        0 if from_ms is None else from_ms,
        TOP.recorded_at_ms if to_ms is None else to_ms,
    )
    if wanted.to_ms <= wanted.from_ms:
        given.fault("to", "span_empty", "must be later than from")
    below = given.take("cursor", cursor(_scope(wanted), context.secret, Place))
    given.done()
    return wanted if below is None else wanted._replace(below=below)


def _scope(wanted: Wanted) -> str:
    """Return what a cursor is bound to. Names hold no NUL, so two questions never read the same."""
    named = (
        wanted.tenant,
        wanted.type or "",
        wanted.object_id or "",
        wanted.sighting or "",
        wanted.status or "",
    )
    return "\0".join(("webhooks", *named, str(wanted.from_ms), str(wanted.to_ms), *wanted.words))


def _words(text: str) -> tuple[str, ...]:
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"must have at most {_LONGEST_TEXT} characters")
    try:
        return words_wanted(text)
    except Reject as error:
        raise ValueError(str(error)) from None


def _topic(settings: Settings) -> str:
    return topic_name(settings.topic_prefix, STRIPE)
