"""`POST /webhooks/stripe/{tenant}`: verify, append, answer. What an event means comes later."""

import asyncio
import time
from collections import Counter
from http import HTTPStatus
from typing import Final

from aiohttp import web

from ingest.core.gate import FULL, Gate
from ingest.core.problem import Refused, refuse
from ingest.core.signature_header import Refusal
from ingest.http_answer import JSON, Answer
from ingest.http_body import read_sent
from ingest.instruments import WEBHOOKS_ROUTE
from ingest.stripe_signature import Unverified, is_loaded, library, verify
from ingest.webhook_instruments import WebhookInstruments
from ingest.webhook_log import WebhookLog
from ingest.webhook_secrets import Secret, WebhookSecrets
from runtime import logs
from schemas.errors import Misconfigured, Reject
from schemas.webhook import Envelope, delivered_as, headers_of, read_head

_RECEIVED: Final = b'{"received": true}'
_SIGNATURE: Final = "Stripe-Signature"
_PROVIDER: Final = "stripe/"

log = logs.get_logger(__name__)


class WebhookRoute:
    """Takes webhooks in. One object serves all requests."""

    def __init__(
        self, secrets: WebhookSecrets, gate: Gate, webhooks: WebhookLog, instruments: WebhookInstruments
    ) -> None:
        self._secrets = secrets
        self._gate = gate
        self._webhooks = webhooks
        self._instruments = instruments
        self._refused: Counter[tuple[str, Refusal]] = Counter()

    async def prepare(self) -> None:
        """Make ready what the first webhook needs, beside the loop, where any may come."""
        if self._secrets.any and not is_loaded():
            await asyncio.to_thread(library)

    def take_refused(self) -> list[tuple[str, Refusal, int]]:
        """Return how many webhooks of tenants with a secret were refused since the last call, and why."""
        refused, self._refused = self._refused, Counter()
        return [(tenant, refusal, number) for (tenant, refusal), number in sorted(refused.items())]

    async def post(self, request: web.BaseRequest, request_id: str) -> Answer:
        """Answer a webhook. Raises Refused."""
        tenant = _tenant(request.raw_path.partition("?")[0])
        secrets = self._secrets_of(tenant)
        await self.prepare()
        if self._gate.full:
            raise refuse("overloaded", f"{FULL}; send it again")
        try:
            payload = await read_sent(request, self._gate)
        except Refused as refused:
            if refused.problem.status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                self._refuse(tenant, Refusal.TOO_LARGE)
            raise
        now_ms = time.time_ns() // 1_000_000
        try:
            secret = verify(payload, request.headers.get(_SIGNATURE), secrets, now_ms / 1_000)
            head = read_head(payload)
        except Unverified as unverified:
            raise self._refuse(tenant, unverified.refusal) from None
        except Reject:
            raise self._refuse(tenant, Refusal.MALFORMED) from None
        self._instruments.matched(secret.slot)
        headers = headers_of(Envelope(tenant, now_ms, delivered_as(head.event_id)), head.api_version)
        if not await self._webhooks.publish(tenant, payload, headers):
            self._instruments.unconfirmed()
            raise refuse("not_confirmed", "Kafka did not confirm in time; send it again")
        self._instruments.accepted(now_ms, head.created_at_ms)
        return Answer(HTTPStatus.OK, _RECEIVED, JSON, request_id)

    def _secrets_of(self, tenant: str) -> list[Secret]:
        """Return the secrets of *tenant*. Raises Refused, without telling whether there is such a tenant."""
        try:
            secrets = self._secrets.of(tenant, time.time_ns() // 1_000_000)
        except Misconfigured as error:
            log.exception("webhook.cannot_verify", tenant=tenant)
            raise refuse("unavailable", "webhooks cannot be verified at present; send it again") from error
        if not secrets:
            self._instruments.rejected(Refusal.UNKNOWN_ENDPOINT)
            raise refuse("not_found", "there is nothing at this path")
        return secrets

    def _refuse(self, tenant: str, refusal: Refusal) -> Refused:
        """Count it, and return the one answer that all of them get."""
        self._instruments.rejected(refusal)
        self._refused[tenant, refusal] += 1
        return refuse("webhook_refused", "the webhook is not accepted")


def _tenant(path: str) -> str:
    """Return the tenant in *path*; ids need no escapes, so none is undone."""
    rest = path.removeprefix(WEBHOOKS_ROUTE)
    return rest.removeprefix(_PROVIDER) or rest
