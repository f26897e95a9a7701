"""The console's process: the parts that were asked for, side by side, until somebody asks to stop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Literal

from console.api.server import serving
from console.watch.canary import Canary
from console.watch.lag_exporter import LagExporter
from console.watch.reconcile_job import ReconcileJob
from console.watch.relay import Relay
from console.watch.store_exporter import StoreExporter
from runtime.health import Health
from runtime.health_server import HealthServer
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.version import build
from schemas.process import CONSOLE

Part = Literal["api", "watch"]
PARTS: Final[tuple[Part, ...]] = ("api", "watch")

#: Works in a thread of its own until the event is set.
Worker = Callable[[threading.Event], None]


async def serve(settings: Settings, stop: asyncio.Event, parts: Collection[Part]) -> None:
    """Run *parts* until *stop* is set. A worker that crashes takes the process with it."""
    health = Health()
    # Kafka's clock cannot be asked without writing a record: better no series than a false 0.
    metrics = Metrics(CONSOLE, build(settings.commit), {"reference": ("postgres",)})
    async with HealthServer(health, metrics.registry, settings.host, settings.health_port):
        workers = watchers(settings, metrics, health) if "watch" in parts else ()
        async with _working(workers), AsyncExitStack() as running:
            if "api" in parts:
                await running.enter_async_context(serving(settings, metrics, health))
            await stop.wait()


def watchers(settings: Settings, metrics: Metrics, health: Health) -> tuple[Worker, ...]:
    """Return what looks on from the side."""
    return (
        Relay(settings, metrics, health).run,
        LagExporter(settings, metrics, health).run,
        StoreExporter(settings, metrics).run,
        ReconcileJob(settings, metrics).run,
        Canary(settings, metrics).run,
    )


@asynccontextmanager
async def _working(workers: Collection[Worker]) -> AsyncIterator[None]:
    halt = threading.Event()
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(asyncio.to_thread(worker, halt))
        try:
            yield
        finally:
            # Threads cannot be cancelled: whatever ends this block has to tell them.
            halt.set()
