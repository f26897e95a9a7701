"""How the API answers: JSON in one encoding, problems in one shape, an id on everything."""

import uuid
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import msgspec
import psycopg
from aiohttp import web
from psycopg_pool import PoolTimeout

from console.api.core.problem import Problem, Refused
from runtime import logs
from schemas.errors import Reject, TryAgain

RETRY_AFTER_SECONDS: Final = 1
REQUEST_ID: Final = "X-Request-Id"
_MOST_ID: Final = 128

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logs.get_logger(__name__)
_encode: Final = msgspec.json.Encoder().encode


def answer(value: object) -> web.Response:
    """Return 200 with *value* as JSON."""
    return web.Response(body=_encode(value), content_type="application/json")


@web.middleware
async def identified(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every answer an id, the caller's if it sent a usable one, and every failure the one shape."""
    given = request.headers.get(REQUEST_ID, "")
    request_id = given if 1 <= len(given) <= _MOST_ID and given.isascii() and given.isprintable() else ""
    request_id = request_id or uuid.uuid4().hex
    try:
        response = await handler(request)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets one shape
        response = problem_answer(_problem_of(error, request_id))
    response.headers[REQUEST_ID] = request_id
    return response


def problem_answer(problem: Problem) -> web.Response:
    """Return the answer that *problem* means."""
    response = web.Response(
        status=problem.status, body=_encode(problem.document()), content_type="application/problem+json"
    )
    if problem.status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if problem.status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _problem_of(error: Exception, request_id: str) -> Problem:
    match error:
        case Refused():
            return error.problem
        case web.HTTPException() | Reject():
            return _callers_fault(error)
        case TryAgain() | PoolTimeout() | psycopg.OperationalError():
            log.warning("api.unavailable", request_id=request_id, reason=str(error))
            return Problem("unavailable", "PostgreSQL or Kafka does not answer: try again soon")
    log.error("api.failed", request_id=request_id, exc_info=error)
    return Problem("internal", f"this is our fault; its number is {request_id}")


def _callers_fault(error: web.HTTPException | Reject) -> Problem:
    match error:
        case web.HTTPNotFound():
            return Problem("not_found", "there is nothing at this address: see /docs")
        case web.HTTPMethodNotAllowed():
            return Problem("method_not_allowed", "this API only reads: use GET")
    return Problem("bad_request", str(error))
