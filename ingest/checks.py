"""Checks in a process of their own: what decides in a moment does not wait behind batches of events."""

import asyncio
import secrets
import time
from typing import Final

from ingest.core.backlog import Backlog
from ingest.core.gate import Gate
from ingest.core.uses import Uses
from ingest.http_requests import Requests
from ingest.http_server import Door
from ingest.instruments import LIMITS_ROUTE, QUOTAS_ROUTE, Instruments
from ingest.limits_route import LimitsRoute
from ingest.quota_route import QuotaRoute
from ingest.quotas import QuotaFollower
from ingest.serving import serve_until
from runtime import logs
from runtime.catalog import CatalogFollower
from runtime.health import Health
from runtime.metrics import Metrics
from runtime.settings import Settings

_HOUSEKEEPING_SECONDS: Final = 1.0
_DRAIN_SECONDS: Final = 2.0

log = logs.get_logger(__name__)


class Checks:
    """Everything of one process but its health server."""

    def __init__(self, settings: Settings, metrics: Metrics, follower: CatalogFollower) -> None:
        """Build it; nobody is listened to before `serve`."""
        self._settings = settings
        self._instruments = Instruments(metrics)
        self._backlog = Backlog(0)
        self._uses = Uses()
        self._quotas = QuotaFollower(settings, lambda: follower.catalog, self._backlog)
        checks = QuotaRoute(
            lambda: follower.catalog,
            lambda: self._quotas.states,
            settings.partitions,
            settings.quota_stale_seconds,
            self._instruments,
            self._uses,
        )
        gate = Gate(settings.ingest_inflight_bytes)
        limits = LimitsRoute(lambda: follower.catalog, self._uses, gate, self._instruments)
        routes = {
            QUOTAS_ROUTE: {"GET": checks.get},
            LIMITS_ROUTE: {"POST": limits.post, "DELETE": limits.delete},
        }
        self._requests = Requests(routes, self._instruments, secrets.token_hex(4))
        self._door = Door(self._requests.answer)

    def declare(self, health: Health) -> None:
        """Tell *health* what this process needs."""
        health.need("door", lambda: None if self._door.is_open else "not listening yet")

    async def serve(self, stop: asyncio.Event, ready: asyncio.Event, failed: asyncio.Future[None]) -> None:
        """Listen once *ready* is set; end cleanly after *stop*.

        Raises Misconfigured, or what *failed* holds.
        """
        with self._quotas:
            await serve_until(stop, failed, [self._keep_house(), self._listen(ready)], self._drain)

    async def _listen(self, ready: asyncio.Event) -> None:
        await ready.wait()
        port = await self._door.listen(self._settings.host, self._settings.checks_port, "WEIR_CHECKS_PORT")
        log.info("checks.listening", host=self._settings.host, port=port)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)
            self._uses.rest(time.monotonic_ns())
            self._instruments.look(
                inflight=self._requests.inflight,
                connections=len(self._door.connections),
                queued=0,
                behind_seconds=self._backlog.behind_seconds,
                limit_places=self._uses.places,
            )

    async def _drain(self) -> None:
        self._requests.draining = True
        await self._door.close(_DRAIN_SECONDS)
