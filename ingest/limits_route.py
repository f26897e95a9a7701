"""`/v1/limits/{customer}/{meter}`: may a customer go on now? What is let pass is taken, in memory."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from ingest.auth import INGEST_SCOPE, Senders
from ingest.core.forms import form_of
from ingest.core.gate import Gate
from ingest.core.limit_answers import UseAnswer, granted, refusal
from ingest.core.limit_requests import Place, place_of, wanted_lease, wanted_micro
from ingest.core.problem import refuse
from ingest.core.standings import standing_of
from ingest.core.use import Kind, Outcome
from ingest.core.uses import Uses, Whose
from ingest.http_answer import JSON, Answer, problem_answer
from ingest.http_body import read_body
from ingest.instruments import LIMITS_ROUTE, Instruments
from schemas.catalog import Catalog
from schemas.gcra import SECOND_NS
from schemas.quantity import format_micro
from schemas.quota_check import Standing

_encode: Final = msgspec.json.Encoder().encode


class LimitsRoute:
    """Takes from limits, and opens and ends leases. One object serves all requests."""

    def __init__(
        self, catalog: Callable[[], Catalog], uses: Uses, gate: Gate, instruments: Instruments
    ) -> None:
        self._catalog = catalog
        self._uses = uses
        self._gate = gate
        self._instruments = instruments
        self._senders = Senders(INGEST_SCOPE)

    async def post(self, request: web.BaseRequest, request_id: str) -> Answer:
        """Take a quantity, or a lease. Raises Refused."""
        tenant, place = self._asked(request)
        if place.lease is not None:
            raise refuse("method_not_allowed", "a lease takes DELETE; renew it where it was begun")
        body = await read_body(request, self._gate)
        if body:
            form_of(request.headers.get("Content-Type", ""))
        # From here on no other request has its turn.
        at = self._standing(tenant, place)
        return self._lease(at, body, request_id) if place.is_lease else self._take(at, body, request_id)

    async def delete(self, request: web.BaseRequest, request_id: str) -> Answer:
        """End a lease, also one that has ended already. Raises Refused."""
        tenant, place = self._asked(request)
        if place.lease is None:
            raise refuse("method_not_allowed", "only a lease takes DELETE: write …/leases/ID")
        self._standing(tenant, place)
        self._uses.of(tenant).release(Whose(place.customer, place.meter), place.lease)
        return Answer(HTTPStatus.NO_CONTENT, b"", JSON, request_id)

    def _take(self, at: Standing, body: bytes, request_id: str) -> Answer:
        micro, whose = wanted_micro(body), Whose(at.key.customer, at.key.meter)
        outcome = self._uses.of(at.key.tenant).take(whose, at.use_limit, micro, time.monotonic_ns())
        self._instruments.limited("rate", outcome.kind.value)
        quantity = format_micro(micro)
        found = granted(at, outcome, quantity=quantity)
        return _answer(at, outcome, found, quantity, HTTPStatus.OK, request_id)

    def _lease(self, at: Standing, body: bytes, request_id: str) -> Answer:
        (name, ttl_seconds), whose = wanted_lease(body), Whose(at.key.customer, at.key.meter)
        uses, ttl_ns = self._uses.of(at.key.tenant), ttl_seconds * SECOND_NS
        outcome = uses.lease(whose, at.use_limit, name, ttl_ns, time.monotonic_ns())
        self._instruments.limited("concurrent", outcome.kind.value)
        found = granted(at, outcome, id=name, ttl_seconds=ttl_seconds)
        status = HTTPStatus.OK if outcome.kind is Kind.RENEWED else HTTPStatus.CREATED
        return _answer(at, outcome, found, "1", status, request_id)

    def _asked(self, request: web.BaseRequest) -> tuple[str, Place]:
        """Return the tenant who asks, and of what. Raises Refused."""
        tenant = self._senders.caller_of(request.headers.get("Authorization"), self._catalog()).tenant
        return tenant, place_of(request.raw_path.partition("?")[0].removeprefix(LIMITS_ROUTE))

    def _standing(self, tenant: str, place: Place) -> Standing:
        """Return how the customer stands. Raises Refused where there is no such meter."""
        return standing_of(self._catalog(), tenant, place.customer, place.meter, time.time_ns() // 1_000_000)


def _answer(
    at: Standing, outcome: Outcome, found: UseAnswer, wanted: str, status: HTTPStatus, request_id: str
) -> Answer:
    problem = refusal(at, outcome, wanted)
    if problem is not None:
        # Not raised: no event was rejected, and the tenant's own key is not too fast.
        return problem_answer(problem, request_id)
    return Answer(status, _encode(found), JSON, request_id)
