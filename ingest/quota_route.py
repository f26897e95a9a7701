"""`GET /v1/quotas/{customer}/{meter}`: may a customer use more? Answered from memory."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from ingest.auth import INGEST_SCOPE, READ_SCOPE, Senders
from ingest.core.path_names import read_names
from ingest.core.problem import Problem, Refused, refuse
from ingest.core.quota_states import QuotaStates
from ingest.core.standings import standing_of
from ingest.core.tenant_quota import seconds_until
from ingest.core.uses import Uses, Whose
from ingest.http_answer import JSON, Answer
from ingest.instruments import QUOTAS_ROUTE, Instruments
from schemas.admission import Finding
from schemas.catalog import Catalog
from schemas.instant import SECOND_MS
from schemas.partition import partition_of
from schemas.quantity import MICRO, QuantityError, format_micro, parse_micro
from schemas.quota_check import QuotaAnswer, Standing, answer
from schemas.use_limit import LimitAnswer

_QUANTITY: Final = "quantity"
_encode: Final = msgspec.json.Encoder().encode


class QuotaRoute:
    """Answers checks. One object serves all requests.

    Where no *uses* are kept, a limit of use is shown as the plan has it.
    """

    def __init__(
        self,
        catalog: Callable[[], Catalog],
        states: Callable[[], QuotaStates],
        partitions: int,
        stale_seconds: int,
        instruments: Instruments,
        uses: Uses | None = None,
    ) -> None:
        self._catalog = catalog
        self._states = states
        self._partitions = partitions
        self._stale_ms = stale_seconds * SECOND_MS
        self._uses = uses
        self._instruments = instruments
        self._senders = Senders(INGEST_SCOPE, READ_SCOPE)

    async def get(self, request: web.BaseRequest, request_id: str) -> Answer:
        """Answer a request. Raises Refused."""
        catalog = self._catalog()
        tenant = self._senders.caller_of(request.headers.get("Authorization"), catalog).tenant
        path, _, query = request.raw_path.partition("?")
        customer, meter = _names(path)
        wanted_micro = _wanted(query)
        now_ms = time.time_ns() // 1_000_000
        at = standing_of(catalog, tenant, customer, meter, now_ms)
        found = self._answer(at, wanted_micro, now_ms)
        self._instruments.checked(found.decision, allowed=found.allowed)
        if not found.allowed:
            raise Refused(_problem(found, wanted_micro, seconds_until(at.key.end_ms, now_ms)))
        return Answer(HTTPStatus.OK, _encode(found), JSON, request_id)

    def _answer(self, at: Standing, wanted_micro: int, now_ms: int) -> QuotaAnswer:
        states = self._states()
        # Before the row: what it says is at least as new.
        through_ms = states.complete_through(partition_of(at.key.tenant, at.key.customer, self._partitions))
        found = answer(at, wanted_micro, states.used(at.key), through_ms, now_ms, self._stale_ms)
        if self._uses is None or not found.limits:
            return found
        return msgspec.structs.replace(found, limits=_limits(self._uses, at))


def _limits(uses: Uses, at: Standing) -> list[LimitAnswer]:
    """Return how far the limits of use are taken."""
    whose, now_ns = Whose(at.key.customer, at.key.meter), time.monotonic_ns()
    return [level.shown() for level in uses.of(at.key.tenant).levels(whose, at.use_limit, now_ns)]


def _names(path: str) -> tuple[str, str]:
    """Return the customer and the meter that *path* names. Raises Refused."""
    parts = path.removeprefix(QUOTAS_ROUTE).split("/")
    if len(parts) != 2 or not all(parts):  # noqa: PLR2004
        raise refuse("not_found", f"write {QUOTAS_ROUTE}CUSTOMER/METER, with %2F for a slash in a name")
    customer, meter = read_names(customer=parts[0], meter=parts[1])
    return customer, meter


def _wanted(query: str) -> int:
    """Return how much more is asked for, in millionths; 1 where nothing is said. Raises Refused."""
    given = parse_qsl(query, keep_blank_values=True)
    unknown = sorted({name for name, _ in given} - {_QUANTITY})
    if unknown or len(given) > 1:
        wrong = f"{unknown[0]!r} is no parameter" if unknown else f"{_QUANTITY} stands twice"
        raise refuse("bad_request", f"{wrong}: write ?{_QUANTITY}=3, or nothing for 1")
    if not given:
        return int(MICRO)
    try:
        return parse_micro(given[0][1])
    except QuantityError as error:
        raise refuse(
            "bad_request", f"quantity {error}", Finding("/quantity", error.code, str(error))
        ) from None


def _problem(found: QuotaAnswer, wanted_micro: int, retry_after: int) -> Problem:
    """Return the refusal, with all that the answer says."""
    assert found.error is not None  # noqa: S101 -- what is not allowed has its reason
    if found.error == "quota_exceeded":
        wanted = format_micro(wanted_micro)
        detail = f"{found.used or 'unknown'} of {found.limit} {found.unit} used, {wanted} more asked for"
        message = f"Quota of {found.meter} exceeded. Upgrade your plan to continue."
    else:
        detail = f"what was used of {found.meter} is not known well enough, and the plan says deny"
        message = f"Quota of {found.meter} cannot be checked at present."
    more = {**msgspec.to_builtins(found), "message": message}
    return Problem(found.error, detail, more=more, retry_after=retry_after)
