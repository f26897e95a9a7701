"""Answers: everything that leaves by HTTP, in one write."""

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http import HttpVersion11

from ingest.core.problem import Problem

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"

_RETRY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
#: A client that does not read its answer in this time is cut off.
_WRITE_SECONDS: Final = 30.0


class Answer(web.StreamResponse):
    """A complete answer. One write of head and body takes half the time of aiohttp's own way."""

    def __init__(self, status: HTTPStatus, body: bytes, content_type: str, request_id: str) -> None:
        super().__init__(status=status, reason=status.phrase)
        self._content = body
        self._head = f"HTTP/1.1 {status.value} {status.phrase}\r\nX-Request-Id: {request_id}\r\n"
        if status is not HTTPStatus.NO_CONTENT:  # which has no length either (RFC 9110, 8.6)
            self._head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        self._stays_open: bool | None = None

    @property
    def keep_alive(self) -> bool | None:
        """Return whether the connection stays open after it; None until it is known."""
        return self._stays_open

    def force_close(self) -> None:
        """Close the connection after it."""
        self._stays_open = False

    def add(self, name: str, value: str) -> None:
        """Add a header."""
        self._head += f"{name}: {value}\r\n"

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send it. Raises ConnectionError when nobody is there any more."""
        if self._stays_open is None:
            self._stays_open = request.keep_alive
        if not self._stays_open:
            self.add("Connection", "close")
        elif request.version < HttpVersion11:
            self.add("Connection", "keep-alive")
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client is gone")
        content = b"" if request.method == "HEAD" else self._content
        transport.write(b"%b\r\n%b" % (self._head.encode(), content))
        if request.protocol.writing_paused:
            await _drained(request)

    async def write_eof(self, _data: bytes = b"") -> None:
        """Do nothing: it was sent as a whole."""


def problem_answer(problem: Problem, request_id: str) -> Answer:
    """Return the answer that *problem* means."""
    answer = Answer(problem.status, problem.body(), PROBLEM, request_id)
    if problem.status in _RETRY:
        answer.add("Retry-After", str(problem.retry_after))
    if problem.status is HTTPStatus.UNAUTHORIZED:
        answer.add("WWW-Authenticate", "Bearer")
    return answer


async def _drained(request: web.BaseRequest) -> None:
    try:
        async with asyncio.timeout(_WRITE_SECONDS):
            await request.writer.drain()
    except TimeoutError:
        raise ConnectionResetError("the client does not read its answer") from None
