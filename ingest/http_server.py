"""The socket and its connections: aiohttp's low-level server, with the time limits that it lacks."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from ingest.core.problem import Problem
from ingest.http_answer import problem_answer
from runtime import logs
from schemas.errors import Misconfigured

HEAD_SECONDS: Final = 10.0
KEEP_ALIVE_SECONDS: Final = 75.0
#: How long the rest of a refused body is read and dropped, so that the client sees the answer.
_LINGERING_SECONDS: Final = 2.0
_READ_BYTES: Final = 2**18
_BACKLOG: Final = 1024
#: Beyond this a new connection is closed at once: each takes memory before anyone knows who it is.
MOST_CONNECTIONS: Final = 4_096
_SWEEP_SECONDS: Final = 0.5
_DRAIN_LOOK_SECONDS: Final = 0.02

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

log = logs.get_logger(__name__)


class Connection(RequestHandler):
    """One client's connection; knows since when it waits for the rest of a request's head."""

    __slots__ = ("_head_since", "answering")

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]
            auto_decompress=False,  # aiohttp would inflate in the loop, before we know who sends
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            tcp_keepalive=False,
            lingering_time=_LINGERING_SECONDS,
            read_bufsize=_READ_BYTES,
        )
        #: Whether a head is complete and its request not yet answered.
        self.answering = False
        #: In the loop's time; None between requests and while one is answered.
        self._head_since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect the first head."""
        self._head_since = self._loop.time()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take in bytes; the first ones after an answer begin a head."""
        if self._head_since is None and not self.answering:
            self._head_since = self._loop.time()
        super().data_received(data)

    def began(self) -> None:
        """Take note that a head is complete."""
        self.answering = True
        self._head_since = None

    def ended(self) -> None:
        """Take note that its request is answered."""
        self.answering = False

    def waits_since_before(self, moment: float) -> bool:
        """Say whether a head has not come to its end since before *moment*."""
        return self._head_since is not None and self._head_since < moment

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 -- aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer what aiohttp itself refuses (no HTTP, a head too large), in our shape."""
        if status >= 500:  # noqa: PLR2004 -- ours
            log.error("request.failed", exc_info=exc)
            problem = Problem("internal", "the door failed; it is safe to repeat the request")
        else:
            problem = Problem("bad_request", "this is no HTTP request that can be read")
        answer = problem_answer(problem, secrets.token_hex(8))
        answer.force_close()
        return answer


class Door(web.Server):
    """Listens, and closes connections whose request head does not come to an end."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(handler)
        self._own_loop = asyncio.get_running_loop()
        self._listener: asyncio.Server | None = None
        self._sweeping: asyncio.Task[None] | None = None

    def __call__(self) -> Connection:
        """Return the protocol of a new connection."""
        return Connection(self, self._own_loop)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Take a connection in, unless there are too many."""
        super().connection_made(handler, transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()

    @property
    def is_open(self) -> bool:
        """Whether connections are taken in."""
        return self._listener is not None and self._listener.is_serving()

    async def listen(self, host: str, port: int, setting: str) -> int:
        """Listen beside whoever listens there by SO_REUSEPORT too, and return the port.

        Raises Misconfigured, which names the *setting* of the port.
        """
        try:
            listener = await self._own_loop.create_server(
                self, host, port, reuse_port=True, reuse_address=True, backlog=_BACKLOG
            )
        except OSError as error:
            raise Misconfigured(
                f"cannot listen on {host}:{port} ({error.strerror}): set WEIR_HOST or {setting}"
            ) from None
        self._listener = listener
        self._sweeping = asyncio.create_task(self._sweep())
        found: Any = listener.sockets[0].getsockname()
        return int(found[1])

    async def close(self, seconds: float) -> None:
        """Take no new connection, answer every request whose head is here, within *seconds*."""
        if self._listener is not None:
            self._listener.close()
        give_up = self._own_loop.time() + seconds
        while self._close_idle() and self._own_loop.time() < give_up:  # noqa: ASYNC110 -- each look closes more
            await asyncio.sleep(_DRAIN_LOOK_SECONDS)
        await self.shutdown(_DRAIN_LOOK_SECONDS)
        if self._sweeping is not None:
            self._sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeping

    def _close_idle(self) -> int:
        """Close connections without a request under way, and return how many others there are.

        aiohttp's own shutdown would stop reading the bodies that are still on their way.
        """
        busy = 0
        for connection in self.connections:
            if isinstance(connection, Connection) and connection.answering:
                busy += 1
            else:
                connection.force_close()
        return busy

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            too_long_ago = self._own_loop.time() - HEAD_SECONDS
            for connection in self.connections:
                if isinstance(connection, Connection) and connection.waits_since_before(too_long_ago):
                    connection.force_close()
