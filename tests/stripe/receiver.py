"""An endpoint for webhooks that verifies them with Stripe's own library, and keeps them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.test_utils import TestServer
from stripe import SignatureVerificationError, WebhookSignature

from tests.stripe.previous import Object

_WAIT_SECONDS: Final = 60


class Sent(NamedTuple):
    """A webhook as it came."""

    body: bytes
    signature: str


class Receiver:
    """What came, and was signed with *secret*."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.url = ""
        #: In the order in which they came.
        self.events: list[Object] = []
        #: The same as they were sent.
        self.sent: list[Sent] = []
        #: Bodies that were signed with something else, or not at all.
        self.refused: list[bytes] = []
        self._came = asyncio.Condition()

    async def until(self, enough: Callable[[list[Object]], bool]) -> list[Object]:
        """Return the events once they are *enough*. Raises TimeoutError."""
        async with asyncio.timeout(_WAIT_SECONDS), self._came:
            await self._came.wait_for(lambda: enough(self.events))
        return self.events

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            WebhookSignature.verify_header(
                body.decode(), request.headers["Stripe-Signature"], self.secret, tolerance=300
            )
        except (KeyError, SignatureVerificationError):
            self.refused.append(body)
            return web.Response(status=400)
        async with self._came:
            self.events.append(json.loads(body))
            self.sent.append(Sent(body, request.headers["Stripe-Signature"]))
            self._came.notify_all()
        return web.json_response({"received": True})


@asynccontextmanager
async def receiver(secret: str) -> AsyncIterator[Receiver]:
    """Run an endpoint on 127.0.0.1 for as long as the block."""
    found = Receiver(secret)
    app = web.Application()
    app.router.add_post("/", found._take)  # noqa: SLF001 -- the two are one thing
    async with TestServer(app) as server:
        found.url = str(server.make_url("/"))
        yield found
