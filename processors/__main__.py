"""`python -m processors [usage]`: reads settings, builds the agents, runs until SIGTERM."""

import asyncio
import gc
import sys
from typing import Final

from processors.app import build_faust, group_of
from processors.usage.agent import UsageAgent
from processors.usage.job import UsageJob
from processors.usage.observe import Observer
from runtime import logs
from runtime.catalog import CatalogFollower
from runtime.health import Health
from runtime.health_server import HealthServer
from runtime.lifecycle import MISCONFIGURED, run
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.version import build
from schemas.process import PROCESSORS

AGENTS: Final = ("usage",)

log = logs.get_logger(__name__)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run the usage agent until *stop* is set or something fails."""
    loop = asyncio.get_running_loop()
    failure: asyncio.Future[None] = loop.create_future()

    def failed(error: BaseException) -> None:
        if not failure.done():
            failure.set_exception(error)

    group = group_of(settings, "usage")
    metrics = Metrics(PROCESSORS, build(settings.commit), {"group": [group]})
    observer = Observer(metrics, group, settings.dedupe_horizon_seconds)
    health = Health()

    def failed_in_thread(error: Exception) -> None:
        loop.call_soon_threadsafe(failed, error)

    catalog = CatalogFollower(settings, on_failure=failed_in_thread)
    job = UsageJob(settings, catalog, observer)
    app = build_faust(settings, "usage")
    agent = UsageAgent(app, settings, job, observer, failed)
    health.need("catalog", catalog.missing)
    health.need("partitions", lambda: None if agent.is_assigned else "no partitions assigned yet")
    health.watch("usage", agent.position, agent.lag)
    with catalog:
        async with HealthServer(health, metrics.registry, settings.host, settings.health_port):
            await job.wait_for_ground(stop)
            if not stop.is_set():
                await _run(agent, stop, failure)


async def _run(agent: UsageAgent, stop: asyncio.Event, failure: "asyncio.Future[None]") -> None:
    await agent.start()
    # What is loaded by now stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((stopping, failure), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if failure.done():
        await agent.abandon()
        failure.result()
    await agent.stop()


def main() -> int:
    """Check the arguments and run."""
    unknown = [name for name in sys.argv[1:] if name not in AGENTS]
    if unknown:
        sys.stderr.write(f"processors: no agent {unknown[0]!r}: choose from {', '.join(AGENTS)}\n")
        return MISCONFIGURED
    return run(PROCESSORS, serve)


if __name__ == "__main__":
    sys.exit(main())
