"""`/livez`, `/readyz` and `/metrics` on a port of their own; none of them needs a key.

Two ways to run it: inside a loop (`HealthServer`), so that a loop that hangs is seen to hang; or
beside plain threads (`HealthThread`).
"""

import asyncio
import errno
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Self

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from runtime import logs
from runtime.health import Health, Verdict
from schemas.errors import Misconfigured

#: Liveness is judged this often even when nobody asks, so that "for a minute" means what it says.
_LOOK_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 1.0

log = logs.get_logger(__name__)


class HealthServer:
    """Serves one process's health and metrics from the running loop."""

    def __init__(self, health: Health, metrics: CollectorRegistry, host: str, port: int) -> None:
        self._health = health
        self._metrics = metrics
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self._looking: asyncio.Task[None] | None = None
        self._said: dict[str, str] = {}

    @property
    def port(self) -> int:
        """Return the port in use, which the system chose if 0 was asked for."""
        return self._port

    async def __aenter__(self) -> Self:
        """Listen. Raises Misconfigured when the port is taken."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/livez", self._livez),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._exposition),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise _cannot_listen(self._host, self._port, error) from None
        self._port = self._runner.addresses[0][1]
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        if self._looking:
            self._looking.cancel()
        if self._runner:
            await self._runner.cleanup()

    async def _look(self) -> None:
        while True:
            verdict = self._health.liveness()
            if verdict.reasons != self._said:
                log.warning("health.liveness_changed", good=verdict.good, reasons=verdict.reasons)
                self._said = verdict.reasons
            await asyncio.sleep(_LOOK_SECONDS)

    async def _livez(self, _request: web.Request) -> web.Response:
        return _answer(self._health.liveness())

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _answer(self._health.readiness())

    async def _exposition(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(self._metrics), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )


class HealthThread:
    """Serves the same from a thread with a loop of its own."""

    def __init__(self, health: Health, metrics: CollectorRegistry, host: str, port: int) -> None:
        self._server = HealthServer(health, metrics, host, port)
        self._thread = threading.Thread(target=self._serve, name="health", daemon=True)
        self._listening: Future[Callable[[], object]] = Future()

    @property
    def port(self) -> int:
        """Return the port in use."""
        return self._server.port

    def __enter__(self) -> Self:
        """Listen. Raises Misconfigured when the port is taken."""
        self._thread.start()
        self._listening.result()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._listening.result()()
        self._thread.join(2 * _STOP_SECONDS)

    def _serve(self) -> None:
        try:
            asyncio.run(self._until_stopped())
        except BaseException as error:  # noqa: BLE001 - it is raised where the thread was started
            self._listening.set_exception(error)

    async def _until_stopped(self) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with self._server:
            self._listening.set_result(lambda: loop.call_soon_threadsafe(stop.set))
            await stop.wait()


def _answer(verdict: Verdict) -> web.Response:
    body = {"status": "ok" if verdict.good else "not ok", "reasons": verdict.reasons}
    return web.json_response(body, status=200 if verdict.good else 503)


def _cannot_listen(host: str, port: int, error: OSError) -> Misconfigured:
    why = "it is taken" if error.errno == errno.EADDRINUSE else error.strerror
    return Misconfigured(
        f"cannot listen on {host}:{port} for health and metrics ({why}): set WEIR_HEALTH_PORT"
    )
