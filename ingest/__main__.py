"""`python -m ingest [checks]`: the ingress, or checks of quotas alone; serves until SIGTERM."""

import asyncio
import gc
import sys
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from ingest.app import Ingress
from ingest.checks import Checks
from ingest.instruments import label_values
from runtime.catalog import CatalogFollower
from runtime.health import Health
from runtime.health_server import HealthServer
from runtime.lifecycle import MISCONFIGURED, run
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.version import build
from schemas.catalog import Catalog
from schemas.process import INGEST
from schemas.topics import STRIPE, USAGE, topic_name

#: Requests make no cycles worth speaking of, and a look at all objects stops the loop for long.
_GC_THRESHOLDS = (50_000, 20, 50)
#: A thread that follows a topic gives the interpreter back after this, ten times sooner than by default: a
#: request needs it several times.
_SWITCH_SECONDS: Final = 0.0005


#: What it may be.
_KINDS: Final[Mapping[str, type[Ingress | Checks]]] = MappingProxyType({"": Ingress, "checks": Checks})


def main(words: list[str]) -> int:
    """Run what *words* name, and return the exit code."""
    kind = _KINDS.get(" ".join(words))
    if kind is None:
        sys.stderr.write(f"ingest: {' '.join(words)} is no part of it: choose checks, or nothing for all\n")
        return MISCONFIGURED
    return run(INGEST, partial(_serve, kind))


async def _serve(kind: type[Ingress | Checks], settings: Settings, stop: asyncio.Event) -> None:
    """Run a process of *kind* until *stop* is set."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    failed: asyncio.Future[None] = loop.create_future()

    def changed(catalog: Catalog) -> None:
        if catalog.versions:
            loop.call_soon_threadsafe(ready.set)

    def cannot_go_on(error: Exception) -> None:
        loop.call_soon_threadsafe(failed.set_exception, error)

    topics = [topic_name(settings.topic_prefix, topic) for topic in (USAGE, STRIPE)]
    metrics = Metrics(INGEST, build(settings.commit), label_values(topics))
    health = Health()
    follower = CatalogFollower(settings, changed, cannot_go_on)
    health.need("catalog", follower.missing, dependency=True)
    serving = kind(settings, metrics, follower)
    serving.declare(health)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_SECONDS)
    async with HealthServer(health, metrics.registry, settings.host, settings.health_port):
        with follower:
            await serving.serve(stop, ready, failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
