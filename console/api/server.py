"""Listens for the read API, on PostgreSQL's pool and one client of Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import psycopg
from aiohttp import web
from psycopg_pool import PoolTimeout

from console.api.app import build_app
from console.api.context import Context, secret_of
from console.api.reader import Reader
from console.usage.log_ends import LogWatch
from runtime import logs
from runtime.broker import Broker
from runtime.health import Health
from runtime.metrics import Metrics
from runtime.postgres import Pool, observe_pool
from runtime.settings import Settings
from schemas.errors import Misconfigured

_LOOK_UPS: Final = 2
_LOOK_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 5.0

log = logs.get_logger(__name__)


@asynccontextmanager
async def serving(settings: Settings, metrics: Metrics, health: Health) -> AsyncIterator[None]:
    """Serve the read API for as long as the block runs. Raises Misconfigured when the port is taken."""
    reader = Reader(settings)
    store = _Store(health, reader)
    async with reader.open_pool() as pool:
        broker = Broker.of(settings, "api", seconds=_LOOK_SECONDS)
        context = Context(
            reader.settings,
            pool,
            LogWatch(settings, broker),
            secret_of(settings),
            look_ups=asyncio.Semaphore(_LOOK_UPS),
            recounts=asyncio.Semaphore(1),
        )
        runner = web.AppRunner(build_app(context), access_log=None, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        watching = asyncio.create_task(store.watch(pool, metrics))
        try:
            await _listen(runner, settings)
            yield
        finally:
            watching.cancel()
            await runner.cleanup()
            with suppress(asyncio.CancelledError):
                await watching


class _Store:
    """Whether PostgreSQL answers, looked at every few seconds."""

    def __init__(self, health: Health, reader: Reader) -> None:
        self._reader = reader
        self._trouble: str | None = "PostgreSQL has not been asked yet"
        health.need("postgres", lambda: self._trouble, dependency=True)

    async def watch(self, pool: Pool, metrics: Metrics) -> None:
        while True:
            try:
                async with pool.connection() as connection:
                    await connection.execute("select 1")
                self._trouble = None
            except (PoolTimeout, psycopg.Error) as error:
                self._trouble = self._reader.refusal or f"PostgreSQL is away: {error}"
            observe_pool(pool, metrics)
            await asyncio.sleep(_LOOK_SECONDS)


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    try:
        await web.TCPSite(runner, settings.host, settings.console_port).start()
    except OSError as error:
        raise Misconfigured(
            f"cannot listen on {settings.host}:{settings.console_port} ({error.strerror}): "
            "set WEIR_CONSOLE_PORT"
        ) from None
    log.info("api.listens", address=f"http://{settings.host}:{runner.addresses[0][1]}")
