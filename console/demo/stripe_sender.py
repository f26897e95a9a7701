"""Sends webhooks as Stripe does: signed by its own library, and each again until it is answered 2xx."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

import aiohttp
from stripe import WebhookSignature

from console.generator.sender import Sluice
from console.generator.traffic import Traffic
from runtime.backoff import delays
from schemas.errors import TryAgain

#: For each tenant.
_CONNECTIONS: Final = 2
_TIMEOUT_SECONDS: Final = 15.0
_MOST_BACKOFF_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 90.0


class Webhook(NamedTuple):
    """One delivery to one tenant."""

    tenant: str
    secret: str
    event_id: str
    payload: str


class Sender:
    """Delivers to one ingress, and remembers what was answered."""

    def __init__(self, url: str, sluice: Sluice, traffic: Traffic) -> None:
        """Send to *url* as *sluice* lets it; *traffic* is told of each attempt."""
        self._url = url
        self._sluice = sluice
        self._traffic = traffic
        #: Attempts, by tenant.
        self.sent: Counter[str] = Counter()
        #: How often an event was answered 2xx, by tenant and id.
        self.answered: Counter[tuple[str, str]] = Counter()

    def deliver(self, queues: Sequence[Sequence[Webhook]]) -> None:
        """Send all *queues* side by side, each in its order. Raises TryAgain where one is never taken."""
        try:
            asyncio.run(self._deliver(queues))
        except* TryAgain as errors:
            raise errors.exceptions[0] from None

    async def _deliver(self, queues: Sequence[Sequence[Webhook]]) -> None:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
            for queue in map(iter, queues):
                for _ in range(_CONNECTIONS):
                    group.create_task(self._work(session, queue))

    async def _work(self, session: aiohttp.ClientSession, queue: Iterator[Webhook]) -> None:
        for webhook in queue:
            await self._sluice.passed(1)
            give_up = time.monotonic() + _PATIENCE_SECONDS
            pauses = delays(most=_MOST_BACKOFF_SECONDS)
            while not await self._is_taken(session, webhook):
                if time.monotonic() > give_up:
                    raise TryAgain(f"a webhook had no 2xx within {_PATIENCE_SECONDS:.0f} s")
                await asyncio.sleep(next(pauses))

    async def _is_taken(self, session: aiohttp.ClientSession, webhook: Webhook) -> bool:
        signature = WebhookSignature.generate_signature_header(webhook.payload, webhook.secret)
        address = f"{self._url}/webhooks/stripe/{webhook.tenant}"
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-8"}
        self.sent[webhook.tenant] += 1
        begun_at = time.monotonic()
        try:
            async with session.post(address, data=webhook.payload.encode(), headers=headers) as response:
                await response.read()
                is_taken = response.status == HTTPStatus.OK
        except (aiohttp.ClientError, TimeoutError):
            is_taken = False
        if is_taken:
            self.answered[webhook.tenant, webhook.event_id] += 1
            self._traffic.acknowledged(1, begun_at)
        else:
            self._traffic.unanswered(1)
        return is_taken
