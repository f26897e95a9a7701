"""Sends webhooks as Stripe does: signed by its own library, and each again until it is answered 2xx."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    event_id: str
    payload: str


class Sender:
    """Delivers to one ingress, and remembers what was answered."""

    def __init__(
        self, url: str, secrets: Mapping[str, Sequence[str]], sluice: Sluice, traffic: Traffic
    ) -> None:
        """Send to *url* as *sluice* lets it; *traffic* is told of each attempt.

        *secrets*: what each tenant's webhooks are signed with at the time, by every one of them.
        """
        self._url = url
        self._secrets = secrets
        self._sluice = sluice
        self._traffic = traffic
        #: Attempts, by tenant and id of the event.
        self.sent: Counter[tuple[str, str]] = Counter()
        #: How often an event was answered 2xx, by tenant and id.
        self.answered: Counter[tuple[str, str]] = Counter()
        #: Answers by their status; 0: there was none.
        self.statuses: Counter[int] = Counter()

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
        signature = signed(webhook.payload, self._secrets[webhook.tenant])
        address = f"{self._url}/webhooks/stripe/{webhook.tenant}"
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-8"}
        self.sent[webhook.tenant, webhook.event_id] += 1
        begun_at = time.monotonic()
        try:
            async with session.post(address, data=webhook.payload.encode(), headers=headers) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.statuses[status] += 1
        is_taken = status == HTTPStatus.OK
        if is_taken:
            self.answered[webhook.tenant, webhook.event_id] += 1
            self._traffic.acknowledged(1, begun_at)
        else:
            self._traffic.unanswered(1)
        return is_taken


def signed(payload: str, secrets: Iterable[str]) -> str:
    """Return the header that Stripe sends now: the time, and a signature by each of *secrets*."""
    now_s = int(time.time())
    headers = [WebhookSignature.generate_signature_header(payload, secret, now_s) for secret in secrets]
    return ",".join([f"t={now_s}", *(header.partition(",")[2] for header in headers)])
