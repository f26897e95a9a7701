"""`GET /v1/events`: the fate of one event."""

import asyncio

from aiohttp import web

from console.api.access import caller_of
from console.api.answers import answer
from console.api.context import CONTEXT
from console.api.core.parameters import Parameters, name_of
from console.events.archive import Wanted
from console.events.look_up import look_up
from schemas.errors import Reject
from schemas.position import Position, parse_position


async def find_event(request: web.Request) -> web.Response:
    """Answer with the fate of an event."""
    caller = await caller_of(request)
    context = request.app[CONTEXT]
    given = Parameters(request.query.items())
    source = given.require("source", name_of, "")
    event_id = given.require("id", name_of, "")
    customer = given.take("customer", name_of)
    at = given.take("position", _position)
    given.done()
    wanted = Wanted(caller.tenant, source, event_id, customer)
    async with context.look_ups:
        return answer(await asyncio.to_thread(look_up, context.settings, wanted, at))


def _position(value: str) -> Position:
    try:
        return parse_position(value)
    except Reject as error:
        raise ValueError(str(error)) from None
