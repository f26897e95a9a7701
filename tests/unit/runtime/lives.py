"""A process that does what its first word says: `python -m tests.unit.runtime.lives drain`."""

import asyncio
import os
import signal
import sys
import threading

from runtime.lifecycle import run, run_threaded
from runtime.settings import Settings
from schemas.errors import Misconfigured


async def drain(_settings: Settings, stop: asyncio.Event) -> None:
    sys.stdout.write("working\n")
    sys.stdout.flush()
    await stop.wait()
    sys.stdout.write("drained\n")


async def finish(_settings: Settings, _stop: asyncio.Event) -> None:
    sys.stdout.write(f"{type(asyncio.get_running_loop()).__module__}\n")


async def crash(_settings: Settings, _stop: asyncio.Event) -> None:
    raise ValueError("a fault of ours")


async def misfit(_settings: Settings, _stop: asyncio.Event) -> None:
    async def start() -> None:
        raise Misconfigured("postgresql://weir:hush@db is not to our liking: name another")

    async with asyncio.TaskGroup() as group:
        group.create_task(start())


async def deaf(_settings: Settings, stop: asyncio.Event) -> None:
    sys.stdout.write("working\n")
    sys.stdout.flush()
    await stop.wait()
    os.kill(os.getpid(), signal.SIGINT)  # the second one
    await asyncio.sleep(60)


def drain_threaded(_settings: Settings, stop: threading.Event) -> None:
    sys.stdout.write("working\n")
    sys.stdout.flush()
    stop.wait()
    sys.stdout.write("drained\n")


if __name__ == "__main__":
    if sys.argv[1] == "drain_threaded":
        sys.exit(run_threaded("sinks", drain_threaded))
    sys.exit(run("ingest", globals()[sys.argv[1]]))
