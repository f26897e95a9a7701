"""Sends webhooks from a process of its own, signed before the clock starts, and keeps every answer."""

import asyncio
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

import uvloop
from stripe import WebhookSignature

from console.bench.load import Pace
from console.bench.paced import send_paced
from console.bench.wire import Answer, Wire
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


def send_webhooks(endpoint: Endpoint, payloads: Sequence[str], pace: Pace) -> list[Answer]:
    """Send *payloads* and return the answers, in their order; each begins when it was due.

    Raises TryAgain when one is not taken: this is no measurement then.
    """
    requests = [_request(endpoint, payload) for payload in payloads]
    found = uvloop.run(send_paced(endpoint.host, endpoint.port, requests, pace.connections, pace.rate))
    for answer in found:
        _require_taken(answer)
    return found


def wait_for_door(endpoint: Endpoint, payload: str) -> None:
    """Send *payload* until it is taken. Raises TryAgain."""
    uvloop.run(_wait(endpoint, payload))


async def _wait(endpoint: Endpoint, payload: str) -> None:
    wire = Wire(endpoint.host, endpoint.port)
    until = time.monotonic() + _PATIENCE_SECONDS
    while (answer := await wire.send(_request(endpoint, payload))).status != HTTPStatus.OK:
        if time.monotonic() > until:
            _require_taken(answer)
        await asyncio.sleep(_PAUSE_SECONDS)
    wire.close()


def _require_taken(answer: Answer) -> None:
    if answer.status != HTTPStatus.OK:
        raise TryAgain(f"a webhook is answered {answer.status}: {answer.body[:200]!r}")


def _request(endpoint: Endpoint, payload: str) -> bytes:
    host, port, tenant, secret = endpoint
    body = payload.encode()
    head = (
        f"POST /webhooks/stripe/{tenant} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Stripe-Signature: {WebhookSignature.generate_signature_header(payload, secret)}\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
