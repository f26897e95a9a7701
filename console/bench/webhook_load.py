"""Sends webhooks from a process of its own, signed before the clock starts, and keeps every answer."""

import asyncio
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

import uvloop
from stripe import WebhookSignature

from console.bench.wire import Wire
from schemas.errors import TryAgain

#: A new secret takes a moment to the door, and the first webhook ever loads what checks signatures.
_PATIENCE_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.05


class Endpoint(NamedTuple):
    """Where webhooks of one tenant go."""

    host: str
    port: int
    #: Name or id.
    tenant: str
    secret: str


class Load(NamedTuple):
    """How fast to send."""

    connections: int
    #: Webhooks a second; 0: as fast as answers come.
    rate: float = 0.0


class Sent(NamedTuple):
    """One webhook that was answered 2xx. Times are of the machine's monotonic clock, in seconds."""

    #: From when it was due: one that waited for the one before it has waited too.
    begun_at: float
    ended_at: float


def send_webhooks(endpoint: Endpoint, payloads: Sequence[str], load: Load) -> list[Sent]:
    """Send *payloads* and return when each was sent and answered, in their order.

    Raises TryAgain when one is not taken: this is no measurement then.
    """
    return uvloop.run(_send(endpoint, [_request(endpoint, payload) for payload in payloads], load))


def wait_for_door(endpoint: Endpoint, payload: str) -> None:
    """Send *payload* until it is taken. Raises TryAgain."""
    uvloop.run(_wait(endpoint, payload))


async def _send(endpoint: Endpoint, requests: Sequence[bytes], load: Load) -> list[Sent]:
    found = [Sent(0.0, 0.0)] * len(requests)
    numbers = iter(range(len(requests)))
    began_at = time.monotonic()

    async def work() -> None:
        wire = Wire(endpoint.host, endpoint.port)
        for number in numbers:
            due = began_at + number / load.rate if load.rate else time.monotonic()
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            answer = await wire.send(requests[number])
            if answer.status != HTTPStatus.OK:
                raise TryAgain(f"a webhook is answered {answer.status}: {answer.body[:200]!r}")
            found[number] = Sent(due, answer.ended_at)
        wire.close()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(load.connections):
                group.create_task(work())
    except* TryAgain as errors:
        raise errors.exceptions[0] from None
    return found


async def _wait(endpoint: Endpoint, payload: str) -> None:
    wire = Wire(endpoint.host, endpoint.port)
    until = time.monotonic() + _PATIENCE_SECONDS
    while (answer := await wire.send(_request(endpoint, payload))).status != HTTPStatus.OK:
        if time.monotonic() > until:
            raise TryAgain(f"a webhook is answered {answer.status}: {answer.body[:200]!r}")
        await asyncio.sleep(_PAUSE_SECONDS)
    wire.close()


def _request(endpoint: Endpoint, payload: str) -> bytes:
    host, port, tenant, secret = endpoint
    body = payload.encode()
    head = (
        f"POST /webhooks/stripe/{tenant} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Stripe-Signature: {WebhookSignature.generate_signature_header(payload, secret)}\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
