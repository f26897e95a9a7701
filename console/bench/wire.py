"""One HTTP connection of the load generator: requests are bytes that were made before the clock started.

A client library would cost more per request than the ingress does, and take it from the same two cores.
"""

import asyncio
import time
from typing import Final, NamedTuple, cast

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_TIMEOUT_SECONDS: Final = 15.0


class Answer(NamedTuple):
    """What came back. `status` 0: nothing did, the connection broke."""

    status: int
    body: bytes
    begun_at: float
    ended_at: float


def request_bytes(host: str, port: int, key: str, body: bytes) -> bytes:
    """Return a whole request, head and body, for `POST /v1/events`."""
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def check_bytes(host: str, port: int, key: str, path: str) -> bytes:
    """Return a whole request for `GET` *path*."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()


class Wire:
    """Sends one request after the other to one address, and connects again when it has to."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._protocol: _Protocol | None = None

    async def send(self, request: bytes) -> Answer:
        """Return the answer to *request*."""
        begun_at = time.monotonic()
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                protocol = self._protocol or await self._connect()
                status, body = await protocol.exchange(request)
        except (OSError, TimeoutError):
            self.close()
            return Answer(0, b"", begun_at, time.monotonic())
        return Answer(status, body, begun_at, time.monotonic())

    def close(self) -> None:
        """Let go of the connection."""
        if self._protocol is not None:
            self._protocol.close()
            self._protocol = None

    async def _connect(self) -> "_Protocol":
        _, self._protocol = await asyncio.get_running_loop().create_connection(_Protocol, *self._address)
        return self._protocol


class _Protocol(asyncio.Protocol):
    """Reads answers of a known length, one at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._waiter: asyncio.Future[tuple[int, bytes]] | None = None
        self._arrived = bytearray()
        self._wanted = 0

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiter

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no class of asyncio's.
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        if not self._wanted:
            end = self._arrived.find(_HEAD_END)
            if end < 0:
                return
            head = bytes(self._arrived[:end]).lower()
            at = head.index(_LENGTH) + len(_LENGTH)
            self._wanted = end + len(_HEAD_END) + int(head[at:].split(b"\r", 1)[0])
        if len(self._arrived) < self._wanted:
            return
        status = int(self._arrived[9:12])
        body = bytes(self._arrived[self._arrived.index(_HEAD_END) + len(_HEAD_END) : self._wanted])
        self._arrived.clear()
        self._wanted = 0
        self._settle(status, body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(exc or ConnectionResetError())

    def _settle(self, status: int, body: bytes) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result((status, body))
