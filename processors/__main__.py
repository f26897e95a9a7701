"""`python -m processors [usage|billing]`: reads settings, builds the named agents, runs until SIGTERM."""

import asyncio
import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final

from processors.app import build_faust, group_of
from processors.billing.job import billing_job
from processors.billing.observe import AGENT as BILLING
from processors.billing.observe import Observer as BillingObserver
from processors.stream.agent import Agent, Rebalanced
from processors.stream.job import StreamJob
from processors.usage.job import usage_job
from processors.usage.observe import AGENT as USAGE
from processors.usage.observe import Observer as UsageObserver
from runtime.catalog import CatalogFollower
from runtime.health import Health
from runtime.health_server import HealthServer
from runtime.lifecycle import MISCONFIGURED, run
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.version import build
from schemas.process import PROCESSORS


def _usage(settings: Settings, metrics: Metrics, catalog: CatalogFollower) -> tuple[StreamJob, Rebalanced]:
    observer = UsageObserver(metrics, group_of(settings, USAGE), settings.dedupe_horizon_seconds)
    return usage_job(settings, catalog, observer), observer.rebalanced


def _billing(settings: Settings, metrics: Metrics, catalog: CatalogFollower) -> tuple[StreamJob, Rebalanced]:
    observer = BillingObserver(metrics, group_of(settings, BILLING))
    return billing_job(settings, catalog, observer), observer.rebalanced


AGENTS: Final[Mapping[str, Callable[[Settings, Metrics, CatalogFollower], tuple[StreamJob, Rebalanced]]]] = {
    USAGE: _usage,
    BILLING: _billing,
}


async def serve(settings: Settings, stop: asyncio.Event, names: Sequence[str]) -> None:
    """Run the agents *names* until *stop* is set or something fails."""
    loop = asyncio.get_running_loop()
    failure: asyncio.Future[None] = loop.create_future()

    def failed(error: BaseException) -> None:
        if not failure.done():
            failure.set_exception(error)

    def failed_in_thread(error: Exception) -> None:
        loop.call_soon_threadsafe(failed, error)

    known = {"group": [group_of(settings, name) for name in names], "agent": names}
    metrics = Metrics(PROCESSORS, build(settings.commit), known)
    health = Health()
    catalog = CatalogFollower(settings, on_failure=failed_in_thread)
    health.need("catalog", catalog.missing)
    agents: list[tuple[Agent, StreamJob]] = []
    for name in names:
        job, rebalanced = AGENTS[name](settings, metrics, catalog)
        agent = Agent(name, build_faust(settings, name), settings, job, rebalanced, failed)
        health.need(f"{name} partitions", agent.missing)
        health.watch(name, agent.position, agent.lag)
        agents.append((agent, job))
    with catalog:
        async with HealthServer(health, metrics.registry, settings.host, settings.health_port):
            for _, job in agents:
                await job.wait_for_ground(stop)
            if not stop.is_set():
                await _run([agent for agent, _ in agents], stop, failure)


async def _run(agents: Sequence[Agent], stop: asyncio.Event, failure: "asyncio.Future[None]") -> None:
    async with AsyncExitStack() as running:
        for agent in agents:
            await agent.start()
            running.push_async_callback(_end, agent, failure)
        # What is loaded by now stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 20, 100)
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((stopping, failure), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
    if failure.done():
        failure.result()


async def _end(agent: Agent, failure: "asyncio.Future[None]") -> None:
    await (agent.abandon() if failure.done() else agent.stop())


def main() -> int:
    """Check the arguments and run."""
    names = sys.argv[1:] or list(AGENTS)
    unknown = [name for name in names if name not in AGENTS]
    if unknown:
        sys.stderr.write(f"processors: no agent {unknown[0]!r}: choose from {', '.join(AGENTS)}\n")
        return MISCONFIGURED
    return run(PROCESSORS, lambda settings, stop: serve(settings, stop, names))


if __name__ == "__main__":
    sys.exit(main())
